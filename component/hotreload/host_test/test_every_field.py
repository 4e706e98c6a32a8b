"""Each field of each structure of a real module, set to values that put a loader to the test.

What a load makes of it is predicted by `module_rules.py`: the exact error, or each byte in memory.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from elf_builder import IDENTITY
from field_modules import EXPORTS, LINKS, build
from host import Host, Run
from module_fields import Change, changes, sample
from module_rules import Firmware, Verdict, images, judge

FIRMWARE = Firmware(EXPORTS, IDENTITY, surely=128 * 1024, never=256 * 1024)
LOADS_AT_ONCE = 500


@pytest.fixture(params=LINKS)
def module(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    """Linked in each way that the loader takes."""
    return build(tmp_path, request.param)


def load_each(host: Host, elf: bytes, found: Sequence[Change]) -> list[Run]:
    """What each load has printed."""
    runs = []
    for start in range(0, len(found), LOADS_AT_ONCE):
        files = [host.file(change.apply(elf)) for change in found[start : start + LOADS_AT_ONCE]]
        run = host.run(f"names={','.join(EXPORTS)}", *(f"load={file}" for file in files))
        output = ""
        for line in run.output.splitlines(keepends=True):
            output += line
            if line.startswith("load: "):
                runs.append(Run(output))
                output = ""
    assert len(runs) == len(found)
    return runs


def wrong_with(run: Run, verdict: Verdict) -> str:
    """What the load did that it had not to, if anything."""
    result = run.result("load")
    if not verdict.fits(result):
        return f"{result}, not {verdict.error}: {run.message('load')}"
    if result != "ESP_OK":
        return "an image beside an error" if run.images else ""
    assert verdict.module
    loaded = verdict.module.loaded
    if len(run.images) != len(loaded):
        return f"{len(run.images)} segments"
    for segment, address in zip(loaded, run.images, strict=True):
        if (address - segment.link) % segment.align:
            return f"segment of {segment.link:#x} at {address:#x}"
    expected = images(verdict.module, list(run.images))
    if expected != list(run.images.values()):
        return "another image"
    return ""


@pytest.mark.parametrize(
    "count", [1000, pytest.param(10**6, marks=[pytest.mark.nightly, pytest.mark.timeout(600)])]
)
def test_every_field(host: Host, module: bytes, count: int) -> None:
    assert wrong_with(host.load(module, EXPORTS), judge(module, FIRMWARE)) == ""
    found = sample(changes(module, FIRMWARE), count, random.Random(len(module)))

    runs = load_each(host, module, found)

    verdicts = [judge(change.apply(module), FIRMWARE) for change in found]
    wrong = {
        change.name: text
        for change, run, verdict in zip(found, runs, verdicts, strict=True)
        if (text := wrong_with(run, verdict))
    }
    assert wrong == {}
    assert len(Counter(verdict.error for verdict in verdicts)) > 20
