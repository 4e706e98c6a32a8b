"""Each image of the component's corpus is refused on the device as on a computer: same error, same
words, and the module goes on."""

from collections.abc import Iterator

import pytest

from bad_images import BadImage, bad_images
from pytest_embedded_hotreload.api import Device, FirmwareBuild, HotReloadHTTPError, Variant

STATUSES = {"HOTRELOAD_ERR_EMPTY": 400, "HOTRELOAD_ERR_IDENTITY": 409}


@pytest.fixture
def corpus(firmware: FirmwareBuild, variant: Variant) -> dict[str, BadImage]:
    """For this firmware: what it calls, in the order of its table, and its identity."""
    return bad_images(variant().exports, firmware.identity)


def wrong_answers(device: Device, corpus: dict[str, BadImage]) -> Iterator[str]:
    """The defects that the device does not name."""
    for name, bad in corpus.items():
        try:
            device.client.upload_and_reload(bad.elf)
        except HotReloadHTTPError as refused:
            said = f"{refused.status} {refused.name}: {refused.message}"
            if (refused.status, refused.name) != (STATUSES.get(bad.error, 422), bad.error):
                yield f"{name}: {said}, not {bad.error}"
            elif bad.elf and bad.words not in refused.message:  # no body is no image at all
                yield f"{name}: {said}, without the words {bad.words!r}"
        else:
            yield f"{name}: loaded"
        if device.probe.call("answer") != 42:
            yield f"{name}: the module does not go on"


@pytest.mark.timeout(180)
def test_bad_image_is_refused_over_http(
    device: Device, variant: Variant, corpus: dict[str, BadImage]
) -> None:
    assert len(corpus) > 100
    assert list(wrong_answers(device, corpus)) == []

    assert device.client.status()["module"] == 1
    device.reset()
    assert device.probe.call("answer") == 42
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43
