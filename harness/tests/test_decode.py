"""Addresses have names in the trace, in answers and in stacks."""

import pytest
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.console import ConsoleLine
from pytest_embedded_hotreload.decode import Decoder
from pytest_embedded_hotreload.firmware import FirmwareBuild
from tests.conftest import FIRMWARE

pytestmark = pytest.mark.firmware(str(FIRMWARE))


def address_of(firmware: FirmwareBuild, name: str) -> int:
    with firmware.elf.open("rb") as file:
        (symbol,) = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(name)  # type: ignore[union-attr]
    return int(symbol["st_value"])


@pytest.mark.parametrize(
    "text",
    [
        "HR 7 4711 hook_enter kind=pre index=0 fn={address} ctx=0x00000000",
        'POST /probe/hooks/register -> 200 {{"code":0,"fn":"{address}"}}',
    ],
)
def test_hooks_have_names(firmware: FirmwareBuild, text: str) -> None:
    address = f"{address_of(firmware, 'app_main'):#010x}"

    annotated = Decoder(firmware).annotate(text.format(address=address))

    assert f"{address}(app_main)" in annotated
    assert annotated.replace("(app_main)", "") == text.format(address=address)


def test_backtraces_of_a_console(firmware: FirmwareBuild) -> None:
    pcs = [address_of(firmware, name) + 3 for name in ("vTaskDelay", "app_main")]
    line = "Backtrace: " + " ".join(f"{pc:#010x}:0x3ffb0000" for pc in pcs)

    told = Decoder(firmware).backtraces([ConsoleLine(1.0, line)])

    first, second = told.splitlines()
    assert first.startswith(f"{pcs[0]:#010x}: vTaskDelay at ")
    assert second.startswith(f"{pcs[1]:#010x}: app_main at ")
