"""Instructions of Xtensa, as far as it takes to know equal ones (Xtensa ISA Reference Manual).

The field `op0`, the lowest four bits of an instruction, tells its length: the density option's have
two bytes, all others of an ESP32 three. Assembler and linker put one form in the place of the other
to align what follows, so that both have the same `form` here.
"""

from __future__ import annotations

from typing import NamedTuple

QRST, L32R, LSAI, CALLN, SI, B = 0, 1, 2, 5, 6, 7
L32I_N, S32I_N, ADD_N, ADDI_N, ST2_N, ST3_N = 8, 9, 10, 11, 12, 13
NARROW = range(8, 14)
NOP = ("nop",)

Form = tuple[object, ...]


class Instruction(NamedTuple):
    """One instruction; `target` is the place that it names, None if it names none."""

    kind: str  # "l32r", "call", "j", "branch", ""
    length: int  # bytes
    form: Form  # all of it but the place
    target: int | None = None
    ends: bool = False  # what is behind it is not executed next


def decode(code: bytes, pc: int) -> Instruction | None:
    """The instruction that `code` begins with, at `pc`; None for what is none."""
    if len(code) < 2 or code[0] & 0xF > ST3_N:
        return None
    length = 2 if code[0] & 0xF in NARROW else 3
    if len(code) < length:
        return None
    value = int.from_bytes(code[:length], "little")
    op0, t = value & 0xF, value >> 4 & 0xF
    if op0 == L32R:
        # one word of the 256 KB before it
        return Instruction("l32r", length, ("l32r", t), (pc + 3 & ~3) - 0x40000 + (value >> 8 << 2))
    if op0 == CALLN:
        target = (pc & ~3) + 4 + (_signed(value >> 6, 18) << 2)
        return Instruction("call", length, ("call", t & 3), target)
    if op0 == SI and not t & 3:
        return Instruction("j", length, ("j",), pc + 4 + _signed(value >> 6, 18), ends=True)
    branch = _branch(value)
    if branch is not None:
        form, distance = branch
        return Instruction("branch", length, form, pc + 4 + distance)
    form = _narrow(value) if length == 2 else _wide(value)
    return Instruction("", length, form, ends=form in ENDS)


def _branch(value: int) -> tuple[Form, int] | None:
    """A conditional branch, or a loop with the place of its end; and how far that is away."""
    op0, t, s, r = (value >> bits & 0xF for bits in (0, 4, 8, 12))
    if op0 == B:
        return ("b", r, s, t), _signed(value >> 16, 8)
    if op0 == ST2_N and t >= 8:
        return ("bz", t >> 2 & 1, s), (t & 3) << 4 | r
    if op0 != SI or (t & 3 == 3 and t >> 2 == 0):  # ENTRY
        return None
    n, m = t & 3, t >> 2
    if n == 1:  # BEQZ, BNEZ, BLTZ, BGEZ
        return ("bz", m, s), _signed(value >> 12, 12)
    if n == 3 and m == 1 and r >= 8:  # LOOP, LOOPNEZ, LOOPGTZ
        return ("loop", r, s), value >> 16
    return ("bi", n, m, r, s), _signed(value >> 16, 8)


def _narrow(value: int) -> Form:
    op0, t, s, r = (value >> bits & 0xF for bits in (0, 4, 8, 12))
    if op0 == L32I_N:
        return "l32i", t, s, r
    if op0 == S32I_N:
        return "s32i", t, s, r
    if op0 == ADD_N:
        return "add", r, s, t
    if op0 == ADDI_N:
        return "addi", r, s, t or -1
    if op0 == ST2_N:
        constant = (t & 7) << 4 | r
        return "movi", s, constant - 128 if constant >= 96 else constant
    if r == 0:
        return "mov", t, s
    return {0: RET, 1: RETW, 3: NOP, 6: ILL}.get(t, ("st3", value))


def _wide(value: int) -> Form:
    op0, t, s, r = (value >> bits & 0xF for bits in (0, 4, 8, 12))
    immediate = value >> 16
    if op0 == LSAI and r == 2:
        return "l32i", t, s, immediate
    if op0 == LSAI and r == 6:
        return "s32i", t, s, immediate
    if op0 == LSAI and r == 0xC:
        return "addi", t, s, _signed(immediate, 8)
    if op0 == LSAI and r == 0xA:
        return "movi", t, _signed(s << 8 | immediate, 12)
    if op0 == QRST and immediate == 0x80:
        return "add", r, s, t
    if op0 == QRST and immediate == 0x20 and s == t:
        return "mov", r, s
    if op0 == QRST and immediate == 0 and r == 0 and t >> 2 == 2 and t & 3 == 2:
        return "jx", s
    return {0x000080: RET, 0x000090: RETW, 0x0020F0: NOP, 0: ILL}.get(value, ("wide", value))


RET, RETW, ILL = ("ret",), ("retw",), ("ill",)
ENDS = {RET, RETW, ILL, *(("jx", register) for register in range(16))}


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value
