"""hotreload.py decode: every address of a console gets the name that the symbol tables give it."""

from __future__ import annotations

import hashlib
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from hotreload_build.identity import read as read_identity
from hotreload_build.kept import KEPT, keep, kept_in
from hotreload_build.link import link_module

from .conftest import TOOLS, Project, section
from .server import Server

PROGRAM = TOOLS / "hotreload.py"
FUNCTIONS = 12
#: of the made-up devices: executable memory, and memory for data
TEXTS, DATAS = range(0x60080000, 0x60082000, 16), range(0x600A0000, 0x600B0000, 16)
CALL = 3


def source(tag: str) -> str:
    """Functions of different sizes, each on the line of its number, and as many words."""
    lines = [""]
    for i in range(1, FUNCTIONS + 1):
        work = f"x = x * {i + 3} + {tag}_word_{i}; " * i
        # a volatile object for each: the linker keeps it, and its address is one of the module
        lines.append(
            f"volatile int {tag}_word_{i} = {i}; "
            f"__attribute__((noinline)) int {tag}_{i}(int x) {{ {work}return x; }}"
        )
    calls = "".join(f"x += {tag}_{i}(x); " for i in range(1, FUNCTIONS + 1))
    return "\n".join(lines)[1:] + f"\nint f(int x) {{ {calls}return x; }}\n"


@dataclass(frozen=True)
class Elf:
    """A module as pyelftools sees it."""

    path: Path
    stripped: bytes

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.stripped).hexdigest()

    def symbols(self, kind: str) -> list[tuple[str, int, int]]:
        """Name, address and size."""
        with self.path.open("rb") as file:
            return [
                (symbol.name, symbol["st_value"], symbol["st_size"])
                for symbol in section(ELFFile(file), ".symtab").iter_symbols()
                if symbol["st_info"]["type"] == kind and symbol["st_size"]
            ]

    def segments(self) -> list[tuple[str, int, int, int]]:
        """Kind, link address, size in memory and in the file, without the metadata."""
        with self.path.open("rb") as file:
            return [
                ("text" if s["p_flags"] & 1 else "data", *(s[k] for k in FIELDS))
                for s in ELFFile(file).iter_segments(type="PT_LOAD")
                if s["p_memsz"] and not s["p_flags"] & 0x100000
            ]


FIELDS = ("p_vaddr", "p_memsz", "p_filesz")


@dataclass
class Loaded:
    """A module at a place of a made-up device."""

    number: int
    elf: Elf
    text: int
    data: int

    def run(self, link: int) -> int:
        for kind, start, size, _ in self.elf.segments():
            if start <= link < start + size:
                return link - start + (self.text if kind == "text" else self.data)
        raise AssertionError(f"{link:#x} is not loaded")

    def covers(self, address: int) -> bool:
        sizes = {kind: size for kind, _, size, _ in self.elf.segments()}
        return 0 <= address - self.text < sizes["text"] or 0 <= address - self.data < sizes["data"]

    def trace(self) -> list[str]:
        at = {"text": self.text, "data": self.data}
        return [
            *(
                f"HR 7 1234 place module={self.number} seg={i} kind={kind} link={link:#010x} "
                f"size={size} filesz={filesz} addr={at[kind]:#010x}"
                for i, (kind, link, size, filesz) in enumerate(self.elf.segments())
            ),
            f"HR 9 1240 resolve module={self.number} symbols=1 elf={self.elf.hash[:8]}",
            f"HR 10 1241 switch module={self.number}",
        ]

    def panic(self, digits: str = "") -> str:
        return (
            f"hotreload: panic in module {self.number} at text+0x4 (text {self.text:#010x} data "
            f"{self.data:#010x} size {len(self.elf.stripped)} elf {digits or self.elf.hash[:8]})"
        )


@dataclass
class BuildFolder:
    """A build directory, as `idf.py build` leaves it, with the modules that were linked there."""

    project: Project
    folder: Path
    linked: dict[str, Elf] = field(default_factory=dict)

    def link(self, tag: str, text: str = "") -> Elf:
        compiler = self.project.compiler
        compiled = compiler.compile(text or source(tag), "-Og", name=f"{tag}.c")
        unstripped = self.folder / "hotreload" / "reloadable.so"
        output = Path(self.project.manifest.output)
        flash = self.folder / "flash.bin"
        link_module(self.project.manifest, [compiled], output, unstripped=unstripped, flash=flash)
        copy = self.folder / f"{tag}.copy"
        copy.write_bytes(unstripped.read_bytes())
        self.linked[tag] = Elf(copy, output.read_bytes())
        return self.linked[tag]

    @property
    def current(self) -> Path:
        return self.folder / "hotreload" / "reloadable.so"

    @property
    def firmware(self) -> Elf:
        return Elf(self.project.firmware, b"")

    def decode(self, console: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-B", PROGRAM, "decode", "-B", self.folder, *options]
        return subprocess.run(
            list(map(str, command)), input=console, capture_output=True, text=True, check=False
        )


@pytest.fixture
def build(project: Project) -> BuildFolder:
    folder = project.compiler.folder / "build"
    (folder / "hotreload").mkdir(parents=True)
    manifest = project.manifest._replace(output=str(folder / "reloadable_stripped.so"))
    manifest.save(folder / "hotreload" / "module_manifest.json")
    return BuildFolder(replace(project, manifest=manifest), folder)


def backtrace(addresses: list[int]) -> str:
    return "Backtrace: " + " ".join(f"{pc:#010x}:0x3ffb1230" for pc in addresses)


def notes(output: str) -> list[str]:
    return [line[4:] for line in output.splitlines() if line.startswith("--- ")]


def expected(loads: list[Loaded], firmware: Elf, address: int) -> str:
    """The function at an address and where its line is, by the symbol table and the source."""
    load = next((load for load in reversed(loads) if load.covers(address)), None)
    table = load.elf if load else firmware
    move = load.run if load else lambda link: link
    (name,) = {
        name
        for name, start, size in table.symbols("STT_FUNC")
        if move(start) <= address < move(start) + size
    }
    if load is None:
        return f"{address:#010x}: {name}"
    tag, _, line = name.partition("_")
    place = f"{tag}.c:{line}" if line else r"\w+.c:\d+"
    return rf"{address:#010x}: {name} at \S+/{place} in module {load.number} \(reloadable\)"


@pytest.mark.parametrize("told_by", ["trace", "panic"])
def test_random_addresses_of_random_placements(build: BuildFolder, told_by: str) -> None:
    """Later modules may lie over earlier ones, whose names they take."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    dice = random.Random(seed)
    elves = [build.link(tag) for tag in ("red", "green", "blue")]
    lines, wanted = [], []
    for _ in range(8):
        lines.append("rst:0x1 (POWERON_RESET)")
        loads = [
            Loaded(number, dice.choice(elves), dice.choice(TEXTS), dice.choice(DATAS))
            for number in range(1, dice.randint(2, 5))
        ]
        for load in loads:
            lines += load.trace() if told_by == "trace" else [load.panic()]
        places = [
            load.run(start) + dice.randrange(size)
            for load in dice.choices(loads, k=8)
            for _, start, size in [dice.choice(load.elf.symbols("STT_FUNC"))]
        ]
        own = dice.choices(build.firmware.symbols("STT_FUNC"), k=3)
        places += [start + dice.randrange(size) for _, start, size in own]
        dice.shuffle(places)
        known = [place for place in places if names_one(loads, build.firmware, place)]
        lines.append(backtrace(known))
        wanted += [expected(loads, build.firmware, place) for place in known]

    done = build.decode("\n".join(lines))

    assert (done.returncode, done.stderr) == (0, "")
    got = notes(done.stdout)
    assert len(got) == len(wanted) > 40
    for note, pattern in zip(got, wanted, strict=True):
        assert re.match(pattern, note), f"{note!r} is not {pattern!r}"
    assert [line for line in done.stdout.splitlines() if not line.startswith("---")] == lines


def names_one(loads: list[Loaded], firmware: Elf, address: int) -> bool:
    """Not what a later module has covered with what is no function."""
    try:
        expected(loads, firmware, address)
    except (ValueError, AssertionError):
        return False
    return True


def test_registers(build: BuildFolder) -> None:
    """PC and the return address are code, in whose upper bits the size of the call is."""
    load = Loaded(3, build.link("red"), 0x60081000, 0x600A0040)
    start = {name: load.run(at) for name, at, _ in load.elf.symbols("STT_FUNC")}
    word = {name: load.run(at) for name, at, _ in load.elf.symbols("STT_OBJECT")}
    firmware = {name: at for name, at, _ in build.firmware.symbols("STT_FUNC")}
    back = (start["red_4"] + CALL) & 0x3FFFFFFF | 0x80000000
    console = f"""{load.panic()}
Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.

Core  0 register dump:
PC      : {start["red_2"]:#010x}  PS      : 0x00060030  A0      : {back:#010x}  A1      : 0x3ffb1230
A2      : {word["red_word_5"]:#010x}  A3      : {firmware["main"]:#010x}  A4      : 0x00000004
SAR     : 0x00000000  EXCCAUSE: 0x0000001c  EXCVADDR: 0x00000004
"""

    done = build.decode(console)

    in_module = r" in module 3 \(reloadable\)"
    for note, pattern in zip(
        notes(done.stdout),
        [
            rf"PC {start['red_2']:#010x}: red_2 at \S+/red.c:2{in_module}",
            rf"A0 {start['red_4']:#010x}: red_4 at \S+/red.c:4{in_module}",
            rf"A2 {word['red_word_5']:#010x}: red_word_5 of module 3 \(reloadable\)",
            rf"A3 {firmware['main']:#010x}: main",
        ],
        strict=True,
    ):
        assert re.fullmatch(pattern, note)


def test_hooks_of_the_trace(build: BuildFolder) -> None:
    build.link("red")
    at = {name: at for name, at, _ in build.firmware.symbols("STT_FUNC")}["firmware_add"]

    done = build.decode(f"HR 5 90 hook_enter kind=pre index=0 fn={at:#010x} ctx=0x00000000\n")

    assert notes(done.stdout) == [f"fn {at:#010x}: firmware_add"]


def test_module_of_an_earlier_build(build: BuildFolder) -> None:
    """A device may have what was linked before the last change: it is known by its hash."""
    changed = source("red").replace("x * 6", "x * 7")
    old = Loaded(2, build.link("red"), 0x60081000, 0x600A0000)
    new = Loaded(3, build.link("red", "\n\n" + changed), 0x60085000, 0x600A4000)
    at = {name: at for name, at, _ in old.elf.symbols("STT_FUNC")}["red_3"]
    places = [old.run(at), new.run(at)]

    done = build.decode("\n".join([old.panic(), new.panic(), backtrace(places)]))

    assert done.stderr == ""
    first, second = notes(done.stdout)
    assert "red.c:3 in module 2" in first
    assert "red.c:5 in module 3" in second


def test_only_the_last_modules_are_kept(tmp_path: Path) -> None:
    unstripped = tmp_path / "reloadable.so"
    for number in range(KEPT + 3):
        unstripped.write_bytes(b"with symbols %d" % number)
        keep(unstripped, b"stripped %d" % number)

    kept = [path.read_bytes() for path in kept_in(unstripped)]

    assert set(kept) == {b"with symbols %d" % number for number in range(3, KEPT + 3)}


def test_module_from_ram_is_found_by_its_size(build: BuildFolder) -> None:
    load = Loaded(2, build.link("red"), 0x60081000, 0x600A0000)
    build.link("green", "int f(int x) { return x; }")
    at = load.run({name: at for name, at, _ in load.elf.symbols("STT_FUNC")}["red_3"])

    done = build.decode("\n".join([load.panic("00000000"), backtrace([at])]))

    assert "red_3 at" in done.stdout


def status_of(build: BuildFolder, load: Loaded) -> dict[str, object]:
    return {
        "loaded": True,
        "module": load.number,
        "size": len(load.elf.stripped),
        "hash": load.elf.hash,
        "firmware": read_identity(build.project.firmware).hex(),
        "text": {"address": f"{load.text:#010x}", "size": 1},
        "data": {"address": f"{load.data:#010x}", "size": 1},
    }


def test_device_tells_what_the_console_does_not(build: BuildFolder, server: Server) -> None:
    load = Loaded(4, build.link("red"), 0x60081000, 0x600A0000)
    at = load.run({name: at for name, at, _ in load.elf.symbols("STT_FUNC")}["red_7"])
    server.answers["/status"] = (200, status_of(build, load))

    done = build.decode(backtrace([at, at]) + "\n" + backtrace([at]), "--url", server.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert [re.sub(r" at \S+/", " ", note) for note in notes(done.stdout)] == [
        f"{at:#010x}: red_7 red.c:7 in module 4 (reloadable)"
    ] * 3
    assert len(server.got) == 1  # it is asked once, and only when it has to be


def test_device_is_not_asked_for_what_the_console_tells(build: BuildFolder, server: Server) -> None:
    load = Loaded(4, build.link("red"), 0x60081000, 0x600A0000)
    at = load.run({name: at for name, at, _ in load.elf.symbols("STT_FUNC")}["red_7"])

    build.decode("\n".join([load.panic(), backtrace([at])]), "--url", server.url)

    assert server.got == []


def test_gdb_gets_the_sections_of_a_path_with_spaces(build: BuildFolder) -> None:
    elf = build.link("red")
    other = build.folder / "a folder" / "red.so"
    other.parent.mkdir()
    other.write_bytes(elf.path.read_bytes())
    build.link("green")
    load = Loaded(2, elf, 0x60081000, 0x600A0100)

    done = build.decode(load.panic(), "--gdb", "--module", other)

    (line,) = done.stdout.splitlines()
    assert line.startswith(f'add-symbol-file "{other}" -s ')
    with elf.path.open("rb") as file:
        for name in (".text", ".data"):
            at = load.run(section(ELFFile(file), name)["sh_addr"])
            assert f" -s {name} {at:#010x}" in line


def fail_without_build(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    (build.folder / "hotreload" / "module_manifest.json").unlink()
    return "", []


def fail_without_firmware(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    build.project.firmware.unlink()
    return "", []


def fail_without_module(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    build.current.unlink()
    return "", []


def fail_without_console(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    return "", [build.folder / "console.log"]


def fail_stripped(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    return "", ["--module", build.project.manifest.output]


def fail_no_elf(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    return "", ["--module", Path(__file__)]


def fail_unknown_module(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    return f"{load.panic('deadbeef')}\n{backtrace([load.text + 8] * 3)}", []


def fail_no_placement(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    return backtrace([load.text + 8, load.text + 9]), []


def fail_no_device(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    stack = backtrace([load.text + 8])
    return f"{stack}\nwhat follows is printed all the same\n", ["--url", "http://127.0.0.1:1"]


def fail_other_firmware(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    return "I (42) cpu_start: ELF file SHA256:  0123456789abcdef...\n" * 2, []


def fail_gdb_without_module(build: BuildFolder, load: Loaded) -> tuple[str, list[str | Path]]:
    return "", ["--gdb"]


Failing = Callable[[BuildFolder, Loaded], "tuple[str, list[str | Path]]"]

ERRORS: dict[Failing, tuple[int, str]] = {
    fail_without_build: (2, r"cannot read the manifest .*module_manifest.json: No such file .*"),
    fail_without_firmware: (2, r"cannot read .*firmware.elf: No such file or directory"),
    fail_without_module: (2, r".* has no module reloadable.so: run `idf.py build`"),
    fail_without_console: (2, r"cannot read the console .*console.log: No such file or directory"),
    fail_stripped: (2, r".*_stripped.so has no symbols: name the module as it was linked, .*"),
    fail_no_elf: (2, r".*test_decode.py is not a usable ELF file: .*"),
    fail_unknown_module: (2, r"module 2 of .* has none with the SHA-256 deadbeef\.\.\.: .*"),
    fail_no_placement: (2, r"0x60081008 is not of the firmware, and where .* by --url"),
    fail_no_device: (3, r".*127\.0\.0\.1:1.*"),
    fail_other_firmware: (5, r"the console is of another firmware .* 01234567\.\.\., not .*"),
    fail_gdb_without_module: (2, r"no module is loaded, .*: use --url"),
}


@pytest.mark.parametrize("fail", ERRORS, ids=lambda fail: fail.__name__.removeprefix("fail_"))
def test_error_is_one_line(build: BuildFolder, fail: Failing) -> None:
    load = Loaded(2, build.link("red"), 0x60081000, 0x600A0000)
    console, options = fail(build, load)

    done = build.decode(console, *options)

    status, pattern = ERRORS[fail]
    assert done.returncode == status
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(f"hotreload: error: (?:{pattern})", line), line
    assert [text for text in done.stdout.splitlines() if not text.startswith("---")] == (
        console.splitlines() if "--gdb" not in options else []
    )


def test_device_with_another_firmware(build: BuildFolder, server: Server) -> None:
    load = Loaded(2, build.link("red"), 0x60081000, 0x600A0000)
    server.answers["/status"] = (200, {**status_of(build, load), "firmware": "ab" * 16})

    done = build.decode(backtrace([load.text + 8]), "--url", server.url)

    assert done.returncode == 5
    assert "the device has abababab" in done.stderr.splitlines()[0]
    assert "in module" not in done.stdout
