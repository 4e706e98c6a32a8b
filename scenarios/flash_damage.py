"""Bits of a module that change in flash while the device is off."""

from pytest_embedded_hotreload.api import Device, Module, Variant

#: the polynomial of CRC-32: what it changes at any place has the same checksum
SAME_CRC = (1 | 0xEDB88320 << 1).to_bytes(5, "little")
#: of `module_43()`, which answers the same whatever comes behind the first character
UNREAD = b"nobody reads on"


def module_43(variant: Variant) -> Module:
    return variant(
        text=f"""\
#include "module_api.h"

static const volatile char text[] = "{UNREAD.decode()}";

int32_t answer(void)
{{
    return 42 + (text[0] == 'n');
}}
""",
        name="answers_43",
    )


def changed(data: bytes, at: int, bits: bytes) -> bytes:
    """With these bits, from byte `at` on, inverted."""
    end = at + len(bits)
    inverted = bytes(a ^ b for a, b in zip(data[at:end], bits, strict=True))
    return data[:at] + inverted + data[end:]


def damage(device: Device, elf: bytes, at: int, bits: bytes) -> None:
    """Restart without power; meanwhile bits of the module in flash change."""
    device.power_cut()
    partition = device.flash.partition("hotreload")
    start = device.flash.read_partition("hotreload").index(elf)
    device.flash.write(partition.offset + start, changed(elf, at, bits))
    device.power_on()
