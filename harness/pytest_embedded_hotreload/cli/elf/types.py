"""Types and declarations as C has them."""

from __future__ import annotations

from typing import NamedTuple

from pytest_embedded_hotreload.cli.elf.dwarf import DEEPEST, QUALIFIERS, Entry, stripped

KEYWORDS = {"structure_type": "struct", "union_type": "union", "enumeration_type": "enum"}
REFERENCES = {"pointer_type": "*", "reference_type": "&", "rvalue_reference_type": "&&"}


class Member(NamedTuple):
    """A member of a struct; `bits` is the width of a bit field, `bit` where that begins."""

    name: str
    type: Entry | None
    offset: int
    bits: int | None
    bit: int | None


class Declaration(NamedTuple):
    """What a source says, and where."""

    text: str
    file: str
    line: int


def members(record: Entry) -> list[Member]:
    """The members in their order; those without a name are numbered."""
    found: list[Member] = []
    for child in record.children:
        if child.tag not in ("member", "inheritance") or child.external:
            continue
        name = child.name or f"<{'base' if child.tag == 'inheritance' else 'unnamed'} {len(found)}>"
        bits = child.number("DW_AT_bit_size")
        offset = child.number("DW_AT_data_member_location") or 0
        bit = _first_bit(child, offset, bits) if bits is not None else None
        found.append(Member(name, child.type, offset, bits, bit))
    return found


def _first_bit(member: Entry, offset: int, bits: int) -> int:
    """From the start of the struct. Up to DWARF 3 it counts from the highest bit of a unit."""
    at = member.number("DW_AT_data_bit_offset")
    if at is not None:
        return at
    from_the_top = member.number("DW_AT_bit_offset") or 0
    kind = stripped(member.type)
    size = member.number("DW_AT_byte_size") or (kind and kind.number("DW_AT_byte_size")) or 0
    return offset * 8 + size * 8 - from_the_top - bits


def enumerators(enumeration: Entry) -> dict[str, int]:
    """The names of an enumeration and their values."""
    children = (child for child in enumeration.children if child.tag == "enumerator")
    return {child.name: child.number("DW_AT_const_value") or 0 for child in children}


def dimensions(array: Entry) -> list[int | None]:
    """The lengths of an array, the outermost first; None where it has none."""
    found = []
    for child in array.children:
        if child.tag == "subrange_type":
            last = child.number("DW_AT_upper_bound")
            count = child.number("DW_AT_count")
            found.append(last + 1 if count is None and last is not None else count)
    return found


def parameters(function: Entry) -> list[Entry | None]:
    """The types of the parameters."""
    source = _with_parameters(function)
    return [child.type for child in source.children if child.tag == "formal_parameter"]


def is_variadic(function: Entry) -> bool:
    """Whether it takes more arguments than it names."""
    source = _with_parameters(function)
    return any(child.tag == "unspecified_parameters" for child in source.children)


def _with_parameters(function: Entry) -> Entry:
    """Of a function that was inlined the copies name what the original declares."""
    has = any(child.tag == "formal_parameter" for child in function.children)
    return function if has or function.origin is None else function.origin


def declared(kind: Entry | None, inner: str = "", depth: int = 0) -> str:
    """The declaration of something of a type, as in `int *(*inner)(void)`."""
    if depth > DEEPEST:
        raise ValueError("its debug information leads in circles")
    if kind is None:
        return f"void {inner}".rstrip()
    if kind.tag in REFERENCES:
        target = kind.type
        inner = f"{REFERENCES[kind.tag]}{inner}"
        if target is not None and target.tag in ("array_type", "subroutine_type"):
            inner = f"({inner})"
        return declared(target, inner, depth + 1)
    if kind.tag in QUALIFIERS:
        word, target = QUALIFIERS[kind.tag], kind.type
        if target is not None and target.tag in REFERENCES:
            return declared(target, f" {word} {inner}".rstrip(), depth + 1)
        return f"{word} {declared(target, inner, depth + 1)}"
    if kind.tag == "array_type":
        lengths = "".join(f"[{'' if n is None else n}]" for n in dimensions(kind))
        return declared(kind.type, f"{inner}{lengths}", depth + 1)
    if kind.tag == "subroutine_type":
        return declared(kind.type, f"{inner}({_parameters(kind, depth)})", depth + 1)
    keyword = f"{KEYWORDS[kind.tag]} " if kind.tag in KEYWORDS and _is_tagged(kind) else ""
    return f"{keyword}{kind.name or '{...}'} {inner}".rstrip()


def _is_tagged(kind: Entry) -> bool:
    return not kind.name or not kind.is_alias


def _parameters(function: Entry, depth: int = 0) -> str:
    texts = [declared(kind, depth=depth + 1) for kind in parameters(function)]
    if is_variadic(function):
        texts.append("...")
    if not texts:
        return "void" if function.prototyped else ""
    return ", ".join(texts)


def function_declaration(function: Entry) -> Declaration:
    """The prototype of a function."""
    text = declared(function.type, f"{function.name}({_parameters(function)})")
    return Declaration(f"{text};", *function.place)


def variable_declaration(variable: Entry) -> Declaration:
    """The declaration of a variable."""
    return Declaration(f"extern {declared(variable.type, variable.name)};", *variable.place)


def record_declaration(record: Entry) -> Declaration:
    """A struct, union or enumeration with its members and their offsets."""
    size = record.number("DW_AT_byte_size")
    lines = [f"{KEYWORDS[record.tag]} {record.name} {{ /* {size} bytes */"]
    if record.tag == "enumeration_type":
        lines += [f"    {name} = {value}," for name, value in enumerators(record).items()]
    else:
        for member in members(record):
            width = "" if member.bits is None else f" : {member.bits}"
            at = f"{member.offset}" if member.bit is None else f"bit {member.bit}"
            lines.append(f"    {declared(member.type, member.name)}{width}; /* {at} */")
    return Declaration("\n".join([*lines, "};"]), *record.place)
