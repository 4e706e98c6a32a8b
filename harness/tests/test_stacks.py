"""Who runs on a stopped device, from its registers and its stack."""

import struct
from dataclasses import dataclass

from pytest_embedded_hotreload.emulator.stacks import running

PC, VECTOR, CALLER = 0x400D0010, 0x40080340, 0x400D0103
#: the return address as a call8 leaves it, to behind the call
LINK = CALLER & 0x3FFFFFFF | 2 << 30
STACK = 0x3FFB0100


@dataclass(frozen=True)
class OneFrame:
    """Memory whose stack ends at once."""

    def read(self, address: int, size: int) -> bytes:
        assert (address, size) == (STACK - 16, 8)
        return struct.pack("<II", 0, 0)


def registers(**more: int) -> dict[str, int]:
    return {"WINDOWSTART": 1, "A00": LINK, "A01": STACK, **more}


def test_running_code_and_its_caller() -> None:
    assert list(running(PC, registers(PS=0x20), OneFrame())) == [PC, CALLER - 3]


def test_in_a_vector_it_is_the_code_that_was_interrupted() -> None:
    found = list(running(VECTOR, registers(PS=0x3F, EPC1=PC), OneFrame()))

    assert found == [PC, CALLER - 3]
