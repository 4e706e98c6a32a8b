"""What has to be done again for modules when something has changed."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hotreload_build.identity import module_identity
from pytest_embedded_hotreload.firmware import FirmwareBuild, FirmwareBuilder
from pytest_embedded_hotreload.modules import Module, ModuleBuilder, Recipe
from pytest_embedded_hotreload.paths import ROOT

LATER = "later_header.h"


@dataclass
class Workshop:
    """A firmware whose modules are built by a compiler that writes down what it is asked for."""

    folder: Path
    firmware: FirmwareBuild
    done: list[str] = field(default_factory=list)

    def build(self, text: str) -> Module:
        """The module, as another session would get it; `done` says how."""
        log = self.folder / "log"
        log.write_text("")
        builder = ModuleBuilder(self.firmware, self.folder)
        module = builder.build(Recipe((self.folder / "own.c", text), "it", first_counts=True))
        commands = map(shlex.split, log.read_text().splitlines())
        self.done = sorted("compile" if "-c" in words else "link" for words in commands)
        return module

    @property
    def symbols(self) -> Path:
        """What the firmware's build tells of addresses."""
        return self.folder / "firmware_symbols.ld"


@pytest.fixture
def workshop(tmp_path: Path, firmware_builder: FirmwareBuilder) -> Workshop:
    built = firmware_builder.build(ROOT / "examples" / "basic")
    content = json.loads(built.manifest.read_text())
    c = content["languages"]["C"]
    compiler = tmp_path / "gcc"
    compiler.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/log\nexec {c["compiler"]} "$@"\n')
    compiler.chmod(0o755)
    c["compiler"] = str(compiler)
    c["includes"].append(str(tmp_path / "include"))
    shop = Workshop(tmp_path, FirmwareBuild(built.project, tmp_path))
    shop.symbols.write_bytes(Path(content["firmware_symbols"]).read_bytes())
    content["firmware_symbols"] = str(shop.symbols)
    for folder in ("include", "hotreload"):
        (tmp_path / folder).mkdir()
    (tmp_path / "hotreload" / "module_manifest.json").write_text(json.dumps(content))
    (tmp_path / "own.c").write_text("int own(void) { return 1; }\n")
    return shop


GREET = "#include <stdio.h>\nint greet(void) { return puts(__FILE__); }\n"


def test_another_build_of_the_firmware_links_only(workshop: Workshop) -> None:
    first = workshop.build(GREET)
    assert workshop.done == ["compile", "compile", "link"]

    text = workshop.symbols.read_text()
    moved = text.replace("hotreload_identity_0 = 0x", "hotreload_identity_0 = 0x1 + 0x")
    assert moved != text
    workshop.symbols.write_text(moved)
    second = workshop.build(GREET)

    assert workshop.done == ["link"]
    assert module_identity(second.data) != module_identity(first.data)
    assert second.exports == first.exports == ["greet", "own"]


def test_nothing_is_done_again_for_the_same(workshop: Workshop) -> None:
    first = workshop.build(GREET)

    assert workshop.build(GREET).path == first.path
    assert workshop.done == []


def test_only_the_source_that_has_changed_is_compiled(workshop: Workshop) -> None:
    workshop.build(GREET)
    again = workshop.build(GREET.replace("greet", "wave"))

    assert workshop.done == ["compile", "link"]
    assert again.exports == ["own", "wave"]


def test_a_header_that_has_changed_compiles_all(workshop: Workshop) -> None:
    workshop.build(GREET)
    (workshop.folder / "include" / LATER).write_text("")
    workshop.build(GREET)

    assert workshop.done == ["compile", "compile", "link"]


def test_a_text_stays_where_its_debug_information_says(workshop: Workshop) -> None:
    data = workshop.build(GREET).unstripped.read_bytes()

    (text,) = (workshop.folder / "objects").glob("*/it_1.c")
    assert str(text).encode() in data
    assert b"building-" not in data
