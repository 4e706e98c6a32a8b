"""A bad upload is answered with its error, the module goes on, the next good upload works."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Variant

E_CLASS, E_DATA = 4, 5
E_MACHINE = 18
MAXIMUM = 128 * 1024


def patched(at: int, value: bytes) -> Callable[[bytes], bytes]:
    return lambda elf: elf[:at] + value + elf[at + len(value) :]


def cut_to(part: float) -> Callable[[bytes], bytes]:
    return lambda elf: elf[: int(len(elf) * part)]


@dataclass(frozen=True)
class Bad:
    """What is done to a good ELF, and how the device answers."""

    spoil: Callable[[bytes], bytes]
    status: int
    code: str


BAD = {
    "empty": Bad(lambda elf: b"", 400, "HOTRELOAD_ERR_EMPTY"),
    "one-byte": Bad(lambda elf: elf[:1], 422, "HOTRELOAD_ERR_TRUNCATED"),
    "half-a-header": Bad(lambda elf: elf[:30], 422, "HOTRELOAD_ERR_TRUNCATED"),
    "header-only": Bad(lambda elf: elf[:52], 422, "HOTRELOAD_ERR_PROGRAM_HEADERS"),
    "200-bytes": Bad(lambda elf: elf[:200], 422, "HOTRELOAD_ERR_PROGRAM_HEADERS"),
    "half": Bad(cut_to(0.5), 422, "HOTRELOAD_ERR_SEGMENT_BOUNDS"),
    "nine-tenths": Bad(cut_to(0.9), 422, "HOTRELOAD_ERR_SEGMENT_BOUNDS"),
    "too-large": Bad(lambda elf: elf + bytes(MAXIMUM), 413, "HOTRELOAD_ERR_TOO_LARGE"),
    "text": Bad(lambda elf: b"This is no module. " * 50, 422, "HOTRELOAD_ERR_MAGIC"),
    "zeroes": Bad(lambda elf: bytes(4096), 422, "HOTRELOAD_ERR_MAGIC"),
    "other-machine": Bad(patched(E_MACHINE, b"\xf3\x00"), 422, "HOTRELOAD_ERR_MACHINE"),
    "64-bit": Bad(patched(E_CLASS, b"\x02"), 422, "HOTRELOAD_ERR_CLASS"),
    "big-endian": Bad(patched(E_DATA, b"\x02"), 422, "HOTRELOAD_ERR_ENDIANNESS"),
    "executable": Bad(patched(16, b"\x02\x00"), 422, "HOTRELOAD_ERR_TYPE"),
}


def refused_upload(
    device: Device, elf: bytes, endpoint: str = "upload_and_reload"
) -> HotReloadHTTPError:
    with pytest.raises(HotReloadHTTPError) as refused:
        getattr(device.client, endpoint)(elf)
    return refused.value


def assert_one_sentence(text: str) -> None:
    assert "\n" not in text and len(text.split()) >= 3, text


def assert_device_is_well(device: Device, variant: Variant) -> None:
    """The module goes on, also after a reset; the next good upload works."""
    assert device.probe.call("answer") == 42
    device.reset()
    assert device.probe.call("answer") == 42
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43


@pytest.mark.parametrize("name", BAD)
def test_bad_upload(device: Device, variant: Variant, name: str) -> None:
    bad = BAD[name]
    for endpoint in ("upload", "upload_and_reload"):
        error = refused_upload(device, bad.spoil(variant("answer_43").data), endpoint)
        assert (error.status, error.name) == (bad.status, bad.code), endpoint
        assert_one_sentence(error.message)

    assert_device_is_well(device, variant)


@pytest.mark.parametrize(
    "module, options, code, named",
    [
        (
            "missing_symbol",
            {"allow_undefined": True},
            "HOTRELOAD_ERR_SYMBOL_UNDEFINED",
            "firmware_has_no_such_function",
        ),
        ("missing_export", {"base": False}, "HOTRELOAD_ERR_SYMBOL_MISSING", "add"),
    ],
    ids=["undefined", "not-exported"],
)
def test_missing_symbol(
    device: Device, variant: Variant, module: str, options: dict[str, Any], code: str, named: str
) -> None:
    error = refused_upload(device, variant(module, **options).data)

    assert (error.status, error.name) == (422, code)
    assert named in error.message
    assert_device_is_well(device, variant)


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_cut_off_in_mid_transfer(device: Device, variant: Variant, part: float) -> None:
    elf = variant("answer_43").data
    device.trace.mark()

    with device.client.raw("/upload", len(elf)) as upload:
        upload.send(elf[: int((len(elf) - 1) * part)])
        device.trace.wait("request", op="update")
        upload.cut()

    assert device.trace.wait("error", op="update")["name"] == "HOTRELOAD_ERR_BODY_TRUNCATED"
    assert_device_is_well(device, variant)


def test_less_than_the_content_length_says(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data

    with device.client.raw("/upload", len(elf) + 9) as upload:
        upload.send(elf)
        upload.finish()
        answer = upload.answer()

    assert answer.status == 400
    assert b"HOTRELOAD_ERR_BODY_TRUNCATED" in answer.body
    assert_device_is_well(device, variant)


def test_silent_client_does_not_block_the_server(device: Device, variant: Variant) -> None:
    """It sends half a module and stays: it is cut off, and who waits behind it is served."""
    elf = variant("answer_43").data
    device.trace.mark()

    with device.client.raw("/upload", len(elf)) as upload:
        upload.send(elf[: len(elf) // 2])
        device.trace.wait("request", op="update")
        assert device.client.status()["module"] == 1
        answer = upload.answer()

    assert answer.status == 408
    assert b"HOTRELOAD_ERR_BODY_TIMEOUT" in answer.body
    assert_device_is_well(device, variant)


def test_more_than_the_content_length_says(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data

    with device.client.raw("/upload", len(elf) // 2) as upload:
        upload.send(elf)
        assert upload.answer().status == 422

    assert_device_is_well(device, variant)


def test_no_content_length(device: Device, variant: Variant) -> None:
    # requests sends what it knows no length of in chunks
    answer = device.client.request("POST", "/upload", data=iter([variant("answer_43").data]))

    assert answer.status_code == 411
    assert answer.json()["error"] == "HOTRELOAD_ERR_LENGTH_REQUIRED"
    assert_device_is_well(device, variant)


FORM = 'multipart/form-data; boundary="x"'
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="m.so"\r\n\r\n'
FIELD = b'--x\r\nContent-Disposition: form-data; name="comment"\r\n\r\n1\r\n'

BROKEN_FORMS = {
    "no-boundary-named": ("multipart/form-data", PART + b"data\r\n--x--\r\n"),
    "no-boundary": (FORM, b"no boundary in here"),
    "no-end": (FORM, PART + b"data that never ends"),
    "no-file": (FORM, FIELD + b"--x--\r\n"),
    "no-part": (FORM, b"--x--\r\n"),
    "two-files": (FORM, PART + b"one\r\n" + PART + b"two\r\n--x--\r\n"),
    "zero-byte-in-a-header": (FORM, PART.replace(b"m.so", b"m\0.so") + b"data\r\n--x--\r\n"),
    "form-in-a-form": (
        FORM,
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n",
    ),
    "boundary-too-long": (f"multipart/form-data; boundary={71 * 'x'}", PART),
    "endless-header": (FORM, b"--x\r\nContent-Disposition: form-data" + b"!" * 5000),
}


@pytest.mark.parametrize("name", BROKEN_FORMS)
def test_broken_multipart(device: Device, variant: Variant, name: str) -> None:
    content_type, body = BROKEN_FORMS[name]

    answer = device.client.request(
        "POST", "/upload", data=body, headers={"Content-Type": content_type}
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "HOTRELOAD_ERR_MULTIPART")
    assert_device_is_well(device, variant)


def test_status_keeps_the_last_error(device: Device, variant: Variant) -> None:
    assert device.client.status()["last_error"] is None

    error = refused_upload(device, b"This is no module. " * 50)
    device.client.upload_and_reload(variant("answer_43"))

    said = {"error": error.name, "message": error.message}
    assert device.client.status()["last_error"] == said


@pytest.mark.reload
def test_reload_of_a_blank_partition(device: Device) -> None:
    """Nothing was ever uploaded or flashed: the error says that, not that an ELF is broken."""
    device.erase_partition("hotreload")

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.reload()

    assert (refused.value.status, refused.value.name) == (404, "HOTRELOAD_ERR_NO_MODULE")
