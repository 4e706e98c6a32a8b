"""Who has called the code that a stack or the register file of a stopped device leads to.

The callers of the running code are partly in the register file: the windowed ABI (ISA manual,
"Windowed Register Option") leaves them there until somebody needs the registers.
"""

import struct
from collections.abc import Iterator

from hotreload_decode.console import IN_REGION, call_before
from pytest_embedded_hotreload.memory import Memory

DEEPEST = 40
#: of PS: an exception or interrupt has just been taken (ISA manual, "Exception Option")
EXCM = 0x10
_WORD = struct.Struct("<I")


def word(memory: Memory, address: int) -> int:
    """A word of memory."""
    return int(_WORD.unpack(memory.read(address, 4))[0])


def running(pc: int, registers: dict[str, int], memory: Memory) -> Iterator[int]:
    """The running code, and its callers in the register file and on the stack.

    In a vector it is the code that was interrupted, whose registers are all there still.
    """
    if registers.get("PS", 0) & EXCM:
        pc = registers["EPC1"]
    yield pc
    count = 16 if "AR63" in registers else 8
    base = registers.get("WINDOWBASE", 0)
    live = registers.get("WINDOWSTART", 0) & ~(1 << base)
    link, stack = registers.get("A00", 0), registers.get("A01", 0)
    for _ in range(count):
        if not link & IN_REGION:
            return
        yield call_before(link, pc)
        base = (base - (link >> 30)) % count
        if not live >> base & 1:
            yield from spilled(stack, memory, pc)
            return
        live &= ~(1 << base)
        link, stack = registers[f"AR{base * 4:02}"], registers[f"AR{base * 4 + 1:02}"]


def spilled(stack: int, memory: Memory, pc: int) -> Iterator[int]:
    """The callers whose registers are in save areas below the stack pointers."""
    for _ in range(DEEPEST):
        if not stack >= 16 or stack & 3:
            return
        try:
            link, stack = struct.unpack("<II", memory.read(stack - 16, 8))
        except Exception:  # no memory there: the stack is broken
            return
        if not link & IN_REGION:
            return
        yield call_before(link, pc)
