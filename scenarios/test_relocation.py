"""Every byte of a loaded module is what the oracle computes from the ELF and the placement."""

from collections.abc import Callable

import pytest

from pytest_embedded_hotreload.api import Device, Module, Variant
from relocation_sites import BSS_SIZE, NUMBERS, source, symbols, wrong_words
from scenarios.bench import RELOCATION_ANSWERS, Bench

pytestmark = pytest.mark.reload

Load = Callable[[Module], None]

#: fields of the trace event `relocate`, named for the types of relocation
KINDS = ("relative", "glob_dat", "jmp_slot")


@pytest.fixture
def load_and_compare(
    device: Device, assert_image_exact: Callable[[Module], None]
) -> Callable[[Module], None]:
    """Load a module and compare its whole image, before anything has run in it."""

    def load(module: Module) -> None:
        device.client.upload_and_reload(module)
        assert_image_exact(module)

    return load


@pytest.mark.parametrize("source", RELOCATION_ANSWERS)
def test_module_of_each_kind(
    device: Device, variant: Variant, load_and_compare: Load, source: str
) -> None:
    for optimisation in ("-Os", "-O0"):
        load_and_compare(variant(f"relocation/{source}", cflags=[optimisation]))
        assert device.probe.call("answer") == RELOCATION_ANSWERS[source], optimisation


def test_module_of_each_code_generation(
    device: Device, bench: Bench, variant: Variant, load_and_compare: Load
) -> None:
    for cflags in (
        ["-O2"],
        ["-O3", "-fno-inline"],
        ["-Os", "-mtext-section-literals"],
        ["-Os", "-mno-text-section-literals"],
        ["-O2", "-fno-jump-tables"],
        ["-O0", "-fno-section-anchors", "-fno-function-sections", "-fno-data-sections"],
    ):
        load_and_compare(variant("relocation/switch_table", cflags=cflags))
        assert device.probe.call("answer") == RELOCATION_ANSWERS["switch_table"], cflags
        assert bench.wrong_signatures() == {}, cflags


def generated() -> str:
    """The source of words that lead to every kind of target, for this firmware."""
    numbers = "".join(
        f'__asm__(".globl {name}\\n.set {name}, {value:#x}");\n' for name, value in NUMBERS.items()
    )
    return numbers + source()


@pytest.mark.parametrize(
    "cflags",
    [
        ["-Os", "-mlongcalls", "-mtext-section-literals"],
        ["-O0", "-mno-longcalls", "-mno-text-section-literals"],
        ["-O2", "-mlongcalls", "-mno-text-section-literals"],
        ["-O3", "-mno-longcalls", "-mtext-section-literals"],
    ],
    ids="".join,
)
def test_words_lead_to_their_targets(
    device: Device, variant: Variant, load_and_compare: Load, cflags: list[str]
) -> None:
    """Each kind of place, target and addend; from what was written, not from its relocations."""
    module = variant(text=generated(), cflags=cflags)

    load_and_compare(module)

    segments = device.placement().segments

    def run_address(link: int) -> int:
        near = next(s for s in segments if s.link <= link <= s.link + s.size)
        return near.address + link - near.link

    def read(address: int) -> bytes:
        return device.memory.read(address, 4)

    unstripped = module.unstripped.read_bytes()
    assert wrong_words(unstripped, run_address, read) == []
    assert device.probe.call("answer") == 42

    # the memory that this one leaves is that of the next but one
    device.probe.write(run_address(symbols(unstripped)["own_bss"][0]), b"\xff" * BSS_SIZE)
    load_and_compare(module)
    load_and_compare(module)


def pointers(count: int) -> str:
    """A module with a table of so many pointers, each of which needs a relocation."""
    entries = ", ".join(f"text + {i % 60}" for i in range(count))
    return (
        "#include <stdint.h>\n"
        "static const char text[64] = {1, 2, 3};\n"
        f"static const char *volatile table[{count}] = {{{entries}}};\n"
        "int32_t answer(void)\n{\n"
        "    int32_t right = 0;\n"
        f"    for (int32_t i = 0; i < {count}; i++) {{\n"
        "        right += table[i] == text + i % 60;\n"
        "    }\n"
        "    return right;\n}\n"
    )


@pytest.mark.parametrize("count", [1, 2, 100, 3000])
def test_number_of_relocations(
    device: Device, variant: Variant, load_and_compare: Load, count: int
) -> None:
    module = variant("smaller", text=pointers(count), base=False)
    mark = device.trace.mark()

    load_and_compare(module)

    assert device.probe.call("answer") == count
    relocate = next(event for event in device.trace.since(mark) if event.name == "relocate")
    assert relocate["relative"] >= count


def test_module_without_relocations(
    device: Device, variant: Variant, load_and_compare: Load
) -> None:
    mark = device.trace.mark()

    load_and_compare(variant("smaller", base=False))

    relocate = next(event for event in device.trace.since(mark) if event.name == "relocate")
    assert relocate["relative"] == 0
    assert device.probe.call("answer") == 7


@pytest.mark.unobserved("it has constants among its code, which a chip cannot read by bytes")
def test_module_linked_without_our_linker_script(
    device: Device, variant: Variant, load_and_compare: Load
) -> None:
    for name in ("pointer_tables", "packed", "weak_symbols"):
        load_and_compare(variant(f"relocation/{name}", linker_script=None))
        assert device.probe.call("answer") == RELOCATION_ANSWERS[name], name


def test_every_type_of_relocation_occurs(device: Device, variant: Variant) -> None:
    """The modules above have each type that GNU ld leaves in a shared object."""
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("relocation/weak_symbols"))

    relocate = next(event for event in device.trace.since(mark) if event.name == "relocate")
    assert {kind for kind in KINDS if relocate[kind] == 0} == set()


def test_image_at_other_addresses(device: Device, variant: Variant, load_and_compare: Load) -> None:
    """The module is exact wherever it lands: other modules in between move it."""
    module = variant("relocation/pointer_tables")
    addresses = set()
    for other in (variant("bigger"), variant("smaller", base=False), variant()):
        load_and_compare(module)
        addresses.add(device.placement().data.address)
        device.client.upload_and_reload(other)
    assert len(addresses) > 1
