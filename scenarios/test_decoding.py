"""A console alone tells where the firmware and its modules crashed, replaced ones too."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.api import Device, FirmwareBuild, Module, Placement, Variant
from scenarios.bench import Bench

PROGRAM = Path(__file__).parents[1] / "component" / "hotreload" / "tools" / "hotreload.py"
PANIC = re.compile(r"hotreload: panic in module (\d+) at text\+0x([0-9a-f]+) \(")

CRASH = """
#include "module_api.h"
static int32_t __attribute__((noinline)) inner(volatile int32_t *where) { return *where + 1; }
"""
AT_ONCE = CRASH + "int32_t answer(void) { return inner((volatile int32_t *)4) + 1; }\n"
#: stays inside until it is told to leave
LATER = """
uint32_t visit(uint32_t depth, uint32_t slot)
{
    const volatile bool *go = firmware_stay(slot);
    while (!*go) {
    }
    return inner((volatile int32_t *)4) + depth;
}
"""


def decode(
    firmware: FirmwareBuild, console: str, *options: str | Path
) -> subprocess.CompletedProcess[str]:
    """What the program that users have makes of a console."""
    command = [sys.executable, PROGRAM, "decode", "-B", firmware.build_dir, *options]
    return subprocess.run(
        list(map(str, command)), input=console, capture_output=True, text=True, check=False
    )


def function_at(module: Module, link: int) -> str:
    """By the symbol table alone."""
    with module.unstripped.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        (found,) = {
            symbol.name
            for symbol in table.iter_symbols()  # type: ignore[union-attr]
            if symbol["st_info"]["type"] == "STT_FUNC"
            and symbol["st_value"] <= link < symbol["st_value"] + symbol["st_size"]
        }
    return str(found)


def panics(console: str) -> list[tuple[int, int]]:
    """The numbers of the modules that panics were in, and the place in each one's text."""
    return [(int(number), int(offset, 16)) for number, offset in PANIC.findall(console)]


def without_trace(console: str) -> str:
    return "".join(f"{line}\n" for line in console.splitlines() if not line.startswith("HR "))


def stack(decoded: str) -> list[str]:
    """The functions of the last backtrace, with their places."""
    behind = decoded.rpartition("Backtrace:")[2].splitlines()[1:]
    return [line.partition(": ")[2] for line in behind if line.startswith("--- 0x")]


def check(
    firmware: FirmwareBuild, console: str, module: Module, placement: Placement, caller: str
) -> None:
    """A crash in `inner`, which `caller` has called."""
    told = panics(console)
    number = placement.module
    assert [module_number for module_number, _ in told] == [number]
    assert function_at(module, placement.text.link + told[0][1]) == "inner"
    for text in (console, without_trace(console)):
        done = decode(firmware, text, "--module", module.unstripped)

        assert (done.returncode, done.stderr) == (0, "")
        innermost, outer, *firmware_frames = stack(done.stdout)
        of_it = rf"_0\.c:\d+ in module {number} "
        assert re.match(rf"inner at .*{of_it}", innermost)
        assert re.match(rf"{caller} at .*{of_it}", outer)
        assert firmware_frames
        assert not any("in module" in frame or "?" in frame for frame in firmware_frames)
        assert re.search(rf"^--- PC 0x[0-9a-f]{{8}}: inner at .*{of_it}", done.stdout, re.M)


@pytest.mark.needs("soft-reset")
def test_crash_in_the_module(device: Device, firmware: FirmwareBuild, variant: Variant) -> None:
    module = variant(text=AT_ONCE, name="crashing")
    device.client.upload_and_reload(module)
    placement = device.placement()

    with device.crashing():
        device.probe.call_last("answer")

    check(firmware, device.console.text, module, placement, "answer")


@pytest.mark.needs("soft-reset")
def test_crash_in_an_interrupt(device: Device, firmware: FirmwareBuild, variant: Variant) -> None:
    """Its handler calls the module, on a stack that is no task's."""
    module = variant(text=AT_ONCE, name="crashing")
    device.client.upload_and_reload(module)
    placement = device.placement()

    with device.crashing():
        device.probe.post_last("interrupts/start")

    check(firmware, device.console.text, module, placement, "answer")


@pytest.mark.needs("soft-reset")
def test_crash_in_a_module_that_was_replaced(
    device: Device, firmware: FirmwareBuild, variant: Variant, bench: Bench
) -> None:
    module = variant(text=CRASH + LATER, name="crashing")
    device.client.upload_and_reload(module)
    placement = device.placement()
    bench.visit(0, "queue")
    device.client.upload_and_reload(variant("answer_43"))

    with device.crashing():
        device.probe.post_last("visit/end", slot=0)

    check(firmware, device.console.text, module, placement, "visit")


@pytest.mark.needs("soft-reset")
def test_crash_outside_of_the_module(device: Device, firmware: FirmwareBuild, bench: Bench) -> None:
    """The module is not mentioned where it has no part."""
    bench.crash()

    assert panics(device.console.text) == []
    done = decode(firmware, device.console.text)
    assert (done.returncode, done.stderr) == (0, "")
    assert "in module" not in "".join(stack(done.stdout))


@pytest.mark.needs("soft-reset")
def test_module_that_nobody_has(device: Device, firmware: FirmwareBuild, variant: Variant) -> None:
    """Its ELF is asked for, and no other module's names are given."""
    device.client.upload_and_reload(variant(text=AT_ONCE, name="crashing"))

    with device.crashing():
        device.probe.call_last("answer")

    done = decode(firmware, without_trace(device.console.text))
    assert done.returncode == 2
    assert re.fullmatch(
        r"hotreload: error: module 2 of the device is not in the build directory, .*--module\n",
        done.stderr,
    )
    assert re.match(r"0x[0-9a-f]+ in module 2$", stack(done.stdout)[0])


@pytest.mark.parametrize("source", ["console", "device"])
def test_symbols_for_gdb(
    device: Device, firmware: FirmwareBuild, variant: Variant, source: str
) -> None:
    """The command has each section of the module where the trace says that it lies."""
    module = variant("answer_43")
    device.client.upload_and_reload(module)
    placement = device.placement()
    device_option = ["--url", device.client.url] if source == "device" else []

    done = decode(
        firmware, device.console.text, "--gdb", "--module", module.unstripped, *device_option
    )

    assert (done.returncode, done.stderr) == (0, "")
    told = dict(re.findall(r" -s (\S+) (0x[0-9a-f]{8})", done.stdout))
    assert done.stdout.startswith(f"add-symbol-file {module.unstripped} -s ")
    with module.unstripped.open("rb") as file:
        linked = {
            section.name: section["sh_addr"]
            for section in ELFFile(file).iter_sections()
            if section["sh_flags"] & 2 and section["sh_size"]
        }
    expected = {
        name: f"{segment.address + link - segment.link:#010x}"
        for name, link in linked.items()
        for segment in placement.segments
        if segment.link <= link < segment.link + segment.size
    }
    assert told == expected
    assert {".text", ".data"} <= set(told)
