"""A module is compiled and linked again when what it is made of has changed, and only then."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hotreload_build.manifest import Manifest, Toolset
from pytest_embedded_hotreload import modules
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.modules import ModuleBuilder, Recipe

COMPILED, LINKED = "compiled", "linked"


class Tree:
    """The files that a module is made of, and what was done to make it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[str] = []
        self.flags = ("-Os",)
        self.cflags: tuple[str, ...] = ()
        for name in ("module.c", "include/api.h", "module.ld", "symbols.ld", "libexit.a"):
            self.write(name, "before")

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    def build(self) -> list[str]:
        """In a process that knows nothing of those before it."""
        self.done = []
        toolset = Toolset("gcc", self.flags, (str(self.folder / "include"),), ())
        manifest = Manifest(
            component="reloadable",
            sources=(str(self.folder / "module.c"),),
            languages={"C": toolset},
            linker_script=str(self.folder / "module.ld"),
            firmware_elf=str(self.folder / "firmware.elf"),
            firmware_symbols=str(self.folder / "symbols.ld"),
            exports=("f",),
            output=str(self.folder / "module.so"),
            partition=None,
            exit_library=str(self.folder / "libexit.a"),
        )
        manifest.save(self.folder / "manifest.json")
        firmware = cast(FirmwareBuild, SimpleNamespace(manifest=self.folder / "manifest.json"))
        builder = ModuleBuilder(firmware, self.folder / "cache")
        builder.build(Recipe((self.folder / "module.c",), "module", self.cflags))
        return self.done


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    tree = Tree(tmp_path)

    def compile_one(command: list[str], manifest: Manifest) -> None:
        tree.done.append(COMPILED)
        Path(command[command.index("-o") + 1]).touch()

    def link(manifest: Manifest, inputs: Any, output: Path, unstripped: Path, *_: Any) -> None:
        tree.done.append(LINKED)
        output.touch()
        unstripped.touch()

    monkeypatch.setattr(modules, "run", compile_one)
    monkeypatch.setattr(modules, "link", link)
    assert tree.build() == [COMPILED, LINKED]
    return tree


CHANGES: dict[str, tuple[Callable[[Tree], object], list[str]]] = {
    "nothing": (lambda tree: None, []),
    "a file beside it": (lambda tree: tree.write("other.c", "after"), []),
    "its source": (lambda tree: tree.write("module.c", "after"), [COMPILED, LINKED]),
    "a header": (lambda tree: tree.write("include/api.h", "after"), [COMPILED, LINKED]),
    "a new header": (lambda tree: tree.write("include/new.h", ""), [COMPILED, LINKED]),
    "the firmware's flags": (lambda tree: setattr(tree, "flags", ("-O2",)), [COMPILED, LINKED]),
    "its own flags": (lambda tree: setattr(tree, "cflags", ("-DX",)), [COMPILED, LINKED]),
    "the linker script": (lambda tree: tree.write("module.ld", "after"), [LINKED]),
    "the firmware's addresses": (lambda tree: tree.write("symbols.ld", "after"), [LINKED]),
    "the library of atexit()": (lambda tree: tree.write("libexit.a", "after"), [LINKED]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_has_changed(tree: Tree, what: str) -> None:
    change, done = CHANGES[what]
    change(tree)

    assert tree.build() == done
    assert tree.build() == []
