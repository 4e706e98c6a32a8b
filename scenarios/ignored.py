"""Faults that nobody wrote down: an option or a field of the C API that is ignored.

Each place of the component that reads it has the default instead, as if whoever wrote the code had
forgotten that there is a choice.
"""

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PREFIX = "CONFIG_"
KCONFIG = Path("component/hotreload/Kconfig")
HEADER = Path("component/hotreload/include/hotreload.h")
SOURCE = Path("component/hotreload/src")
CMAKE = ("component/hotreload/CMakeLists.txt", "component/hotreload/project_include.cmake")

_OPTION = re.compile(r"^ +config (\w+)$")
_TYPE = re.compile(r"^ +(bool|int|string)\b")
_DEFAULT = re.compile(r"^ +default (.+?)(?: if .+)?$")
_STRUCT = re.compile(r"^typedef struct \{\n((?:(?!^\}).*\n)*)\} (\w+);", re.MULTILINE)
_FIELD = re.compile(r"(\w+);\s*/\*\*<")

#: the generated table, for whoever ignores the one that was given
GENERATED = """
extern uint32_t hotreload_symbol_table[];
extern const char *const hotreload_symbol_names[];
extern const size_t hotreload_symbol_count;
"""


@dataclass(frozen=True)
class Ignored:
    """What is ignored: what each file becomes by that, and the test that notices."""

    name: str
    caught_by: str
    changed: Callable[[Path, str], str]

    def write_patch(self, root: Path, folder: Path) -> Path:
        """A patch as `scenarios/faults/` has them; its path without the suffix names it."""
        parts = [f"{self.name} is ignored.\n\nCaught-by: {self.caught_by}\n\n"]
        for path in sources(root):
            before = (root / path).read_text(encoding="utf-8")
            after = self.changed(path, before)
            parts += difflib.unified_diff(
                before.splitlines(keepends=True),
                after.splitlines(keepends=True),
                f"a/{path}",
                f"b/{path}",
            )
        assert len(parts) > 1, f"no source of the component reads {self.name}"
        patch = folder / f"{self.name}.patch"
        patch.write_text("".join(parts), encoding="utf-8")
        return patch.with_suffix("")


def sources(root: Path) -> Iterator[Path]:
    """The files of the component that may read an option."""
    for path in sorted((root / SOURCE).rglob("*.[ch]")):
        yield path.relative_to(root)
    yield from map(Path, CMAKE)


@dataclass
class Option:
    """An option of Kconfig; `default` is its text there, without the condition."""

    name: str
    kind: str = ""
    default: str = ""

    @property
    def ignored(self) -> str:
        """What the sources have in place of it."""
        if self.kind == "bool":
            return str(int(self.default == "y"))
        return self.default


def options(root: Path) -> dict[str, Option]:
    """All options, those of a choice as well."""
    found: dict[str, Option] = {}
    chosen = ""
    for line in (root / KCONFIG).read_text(encoding="utf-8").splitlines():
        if match := _OPTION.match(line):
            option = Option(match[1])
            found[option.name] = option
        elif match := _TYPE.match(line):
            option.kind = match[1]
            option.default = "y" if option.name == chosen else option.default
        elif match := re.match(r" +default (HOTRELOAD_\w+)$", line):
            chosen = match[1]
        elif (match := _DEFAULT.match(line)) and not option.default:
            option.default = match[1]
    return found


def fields(root: Path) -> list[str]:
    """The fields of the two structures of configuration, as `structure.field`."""
    structs = _STRUCT.findall((root / HEADER).read_text(encoding="utf-8"))
    return [
        f"{name}.{found}"
        for body, name in structs
        if name.endswith("config_t")
        for found in _FIELD.findall(body)
    ]


def option_ignored(name: str, values: dict[str, str], caught_by: str, built: bool) -> Ignored:
    """An option, by what takes its place, and that of those that depend on it.

    With `built` by the sources in C alone.
    """

    def changed(path: Path, text: str) -> str:
        if built and path.suffix not in (".c", ".h"):
            return text
        for option, value in values.items():
            macro = f"{PREFIX}{option}"
            if path.suffix in (".c", ".h"):
                text = re.sub(rf"#ifdef {macro}\b", f"#if {value}", text)
            else:
                text = text.replace(f"${{{macro}}}", value.strip('"'))
            text = re.sub(rf"\b{macro}\b", value, text)
        return text

    return Ignored(name, caught_by, changed)


def field_ignored(name: str, value: str, caught_by: str) -> Ignored:
    """A field of a structure, `structure.field`, by what takes its place."""
    struct, _, member = name.partition(".")
    server = struct == "hotreload_server_config_t"

    def changed(path: Path, text: str) -> str:
        if path.suffix != ".c" or (path.parent.name == "server") != server:
            return text
        new = re.sub(rf"\bconfig->{member}\b", value, text)
        if new != text and "hotreload_symbol_" in value:
            last = [match.end() for match in re.finditer(r"^#include .*\n", new, re.MULTILINE)][-1]
            new = new[:last] + GENERATED + new[last:]
        return new

    return Ignored(name, caught_by, changed)
