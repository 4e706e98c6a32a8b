"""Whatever a field of a module is set to, the device does what is written: the exact error and
nothing else, or each byte as it has to be.

The modules are loaded from RAM: a request takes one and a list of changes, and the device makes
each changed module and gives it to `hotreload_load_from_buffer()`, beside the module as it is. From
there on all is as in an application; what is left out is HTTP and the flash, through which the last
test goes.
"""

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import field_modules
from field_modules import EXPORTS, LINKS, runs_nothing
from module_fields import Change, changes, sample
from module_rules import ESP32, Firmware, Verdict, images, judge, judge_head
from pytest_embedded_hotreload.api import Device, FirmwareBuild, HotReloadHTTPError, Lane, Variant
from pytest_embedded_hotreload.placement import current_placement
from scenarios.bench import Bench
from scenarios.test_bad_images import STATUSES as REFUSED

Places = Sequence[tuple[int, int]]

#: what the simulated board has at which addresses, the end included; on other lanes it is an ESP32
SIMULATED_BOARD = (
    (0x60000000, 0x64000000),  # RAM for code
    (0x62000000, 0x62400000),  # PSRAM
    (0x98000000, 0x98400000),  # flash
    (0x3FFE0000, 0x40020000),  # internal memory
    (0x3FF00000, 0x3FF82000),  # registers of an ESP32
    (0, 0xFFFFFF),
    (0xFF000000, 0xFFFFFFFF),
)
STATUSES = REFUSED | {"ESP_ERR_NO_MEM": 507}
#: changes in a request that are refused; the one behind them is loaded
REFUSED_AT_ONCE = 40


@dataclass(frozen=True)
class Load:
    """What came of one load: its error, and what it left behind."""

    error: str
    blocks: int
    base_is_gone: bool

    def wrong(self, verdict: Verdict) -> str:
        if not verdict.fits(self.error):
            return f"{self.error}, not {verdict.error}"
        if self.blocks:
            return f"{self.blocks} blocks of the heap more"
        return "the module before is gone" if self.base_is_gone else ""


class Loader:
    """Loads changed modules."""

    def __init__(self, device: Device, elf: bytes) -> None:
        self._device = device
        self._elf = elf
        self._blocks: int | None = None

    def load(self, batch: Sequence[Change]) -> list[Load]:
        """Up to the first that is not refused."""
        body = struct.pack("<I", len(self._elf)) + _padded(self._elf)
        for change in batch:
            body += struct.pack("<3I", change.size, change.at, len(change.new))
            body += _padded(change.new)
        answer = self._device.probe.post("malformed", body, exports=",".join(EXPORTS))
        assert answer["base"] == "ESP_OK"
        self._blocks = self._blocks or answer["blocks"]
        assert answer["blocks"] <= self._blocks, "the batch before left blocks of the heap behind"
        return [Load(error, blocks, bool(gone)) for error, blocks, gone in answer["loads"][:-1]]

    def wrong_image(self, verdict: Verdict, mark: int) -> str:
        """What is in memory and should not be, of the module that was loaded behind the mark."""
        assert verdict.module
        placement = current_placement(self._device.trace.since(mark))
        addresses = [segment.address for segment in placement.segments]
        for segment, address in zip(verdict.module.loaded, addresses, strict=True):
            if (address - segment.link) % segment.align:
                return f"the segment of {segment.link:#x} is at {address:#x}"
        expected = images(verdict.module, addresses)
        memory = self._device.memory
        read = [
            memory.read(address, len(image))
            for address, image in zip(addresses, expected, strict=True)
        ]
        return "" if read == expected else f"{read}, not {expected}"


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def batches(
    found: Sequence[Change], verdicts: dict[Change, Verdict]
) -> Iterator[tuple[Change, ...]]:
    """Of those that are refused, with one behind them that is not: that one ends a request."""
    refused = [change for change in found if verdicts[change].error != "ESP_OK"]
    loaded = [change for change in found if verdicts[change].error == "ESP_OK"]
    while refused or loaded:
        share = min(REFUSED_AT_ONCE, -(-len(refused) // max(len(loaded), 1)))
        yield (*refused[:share], *loaded[:1])
        del refused[:share], loaded[:1]


@pytest.fixture
def places(lane: Lane) -> Places:
    return SIMULATED_BOARD if lane.name == "sim" else ESP32


def back_to_the_module(device: Device, bench: Bench) -> None:
    """The firmware's own, from flash."""
    assert bench.unload() == "ESP_OK"
    assert bench.load() == "ESP_OK"
    assert device.probe.call("answer") == 42


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    "count", [300, pytest.param(3000, marks=[pytest.mark.nightly, pytest.mark.timeout(600)])]
)
def test_every_field(
    device: Device,
    firmware: FirmwareBuild,
    bench: Bench,
    tmp_path: Path,
    places: Places,
    link: str,
    count: int,
) -> None:
    elf = field_modules.build(tmp_path, link, firmware.identity)
    facts = Firmware(EXPORTS, firmware.identity, places)
    loader = Loader(device, elf)
    loader.load(())  # what the first one allocates for good
    back_to_the_module(device, bench)
    before = bench.allocated()
    found = sample(changes(elf, facts), count, random.Random(link))
    verdicts = {change: judge(change.apply(elf), facts) for change in found}
    safe = [c for c in found if not (m := verdicts[c].module) or runs_nothing(m)]
    wrong: dict[str, str] = {}
    for batch in batches(safe, verdicts):
        mark = device.trace.mark()
        loads = loader.load(batch)
        for change, load in zip(batch, loads, strict=False):
            if text := load.wrong(verdicts[change]):
                wrong[change.name] = text
        assert len(loads) == len(batch), wrong
        if loads[-1].error == "ESP_OK" and (text := loader.wrong_image(verdicts[batch[-1]], mark)):
            wrong[batch[-1].name] = text
    assert wrong == {}
    assert len(safe) > 0.9 * count

    back_to_the_module(device, bench)
    assert bench.allocated().more_than(before) == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [60, pytest.param(400, marks=pytest.mark.nightly)])
def test_every_field_over_http(
    device: Device, firmware: FirmwareBuild, variant: Variant, places: Places, count: int
) -> None:
    """The module of the firmware, through the upload and the flash."""
    module = variant()
    facts = Firmware(module.exports, firmware.identity, places)
    found = sample(changes(module.data, facts), 2 * count, random.Random(count))
    wrong: dict[str, str] = {}
    for change in found:
        elf = change.apply(module.data)
        error = judge_head(elf, facts)
        error = judge(elf, facts).error if error == "ESP_OK" else error
        # a function behind the one before is found without looking at others
        if error == "ESP_OK" or change.field == "symbol st_name":
            continue
        try:
            device.client.upload_and_reload(elf)
        except HotReloadHTTPError as refused:
            if (refused.status, refused.name) != (STATUSES.get(error, 422), error):
                wrong[change.name] = f"{refused.status} {refused.name}, not {error}"
        else:
            wrong[change.name] = f"loaded, and not {error}"
    assert wrong == {}

    assert device.client.status()["module"] == 1
    assert device.probe.call("answer") == 42
