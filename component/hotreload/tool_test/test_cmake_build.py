"""hotreload_setup() in a real build: what is built again after which change, and what is told.

The example is copied into a folder with a space in its name and built elsewhere, once for all tests
of this file; each test changes its own files and starts from a finished build. All of it is done
with the ESP-IDF of the session's lane, as its users do; only esptool is a stand-in.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hotreload_build.elf import read_image
from hotreload_build.identity import module_identity, read
from hotreload_build.manifest import Manifest
from hotreload_build.slot import flash_image
from hotreload_build.variant import build_module
from hotreload_loop.build import Build as WatchedBuild

from .conftest import COMPONENT

EXAMPLE = COMPONENT.parents[1] / "examples" / "basic"

# what ESP-IDF does in each build, changed or not
ALWAYS = ("Re-checking globbed", "check_sizes.py", "'bootloader'")

# what flash targets write to in place of a device
FLASH = "flash_image.img"
STAND_IN = {
    "ESPTOOL_WRAPPER": str(Path(__file__).with_name("esptool_stand_in.py")),
    "ESPPORT": "no_such_port",
}

# the first test of the file pays for a whole firmware
pytestmark = pytest.mark.timeout(1800, func_only=False)


@dataclass(frozen=True)
class Build:
    """A copy of the example and its build directory."""

    lane: Any
    project: Path
    folder: Path
    settings: Mapping[str, str] = field(default_factory=lambda: STAND_IN)

    def configure(
        self,
        *more: Path,
        check: bool = True,
        strict: bool = True,
        options: Sequence[str] = (),
    ) -> str:
        defaults = [self.project / "sdkconfig.defaults", *self.lane.defaults, *more]
        command = self.lane.configure_command(self.project, self.folder, defaults)
        command += options
        if not strict:
            command = [argument for argument in command if argument not in self.lane.strict]
        return self._run(command, check=check)

    def warnings_of(self, source: Path) -> set[str]:
        """The options about warnings that `source` is compiled with."""
        commands = json.loads((self.folder / "compile_commands.json").read_text())
        found = [c["command"] for c in commands if Path(c["file"]).resolve() == source.resolve()]
        assert len(found) == 1
        return {option for option in shlex.split(found[0]) if option.startswith("-W")}

    def options_of(self, name: str) -> set[str]:
        """What the source of that name is compiled with."""
        commands = json.loads((self.folder / "compile_commands.json").read_text())
        (command,) = [c["command"] for c in commands if Path(c["file"]).name == name]
        return {option for option in shlex.split(command) if not option.endswith(".obj")}

    def make(self, *targets: str, check: bool = True) -> str:
        command = self.lane.build_command(self.project, self.folder, *targets)
        return self._run(command, check=check)

    def _run(self, command: list[str], *, check: bool) -> str:
        result = subprocess.run(
            command,
            env=self.lane.environment() | self.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or result.returncode == 0, result.stdout
        assert check or result.returncode != 0, f"no error: {result.stdout}"
        return result.stdout

    @property
    def module(self) -> Path:
        return self.folder / "reloadable_stripped.so"

    @property
    def elf(self) -> Path:
        return self.folder / "basic.elf"

    def module_files(self) -> list[Path]:
        return [
            self.module,
            self.folder / "hotreload" / "reloadable.so",
            self.folder / "reloadable_flash.bin",
        ]

    def app_image(self) -> bytes:
        """What is flashed of the firmware."""
        return (self.folder / "basic.bin").read_bytes()

    def source(self, name: str) -> Path:
        return self.project / name

    def inputs(self) -> list[Path]:
        """All files of the project and of the component."""
        folders = self.project, self.component
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    @property
    def component(self) -> Path:
        return self.project.parents[1] / "component" / COMPONENT.name

    def firmware_symbols(self) -> set[str]:
        return {symbol.name for symbol in read_image(self.elf).symbols if symbol.defined}

    def times(self) -> tuple[int, int]:
        """When the firmware and the module were made."""
        return self.elf.stat().st_mtime_ns, self.module.stat().st_mtime_ns


@pytest.fixture(scope="module")
def finished_build(lane: Any, tmp_path_factory: pytest.TempPathFactory) -> Build:
    lane.require_tools()
    root = tmp_path_factory.mktemp("a place with spaces")
    project = root / "examples" / "basic"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("build", "sdkconfig"))
    others = shutil.ignore_patterns("*_test", "__pycache__")
    shutil.copytree(COMPONENT, root / "component" / COMPONENT.name, ignore=others)
    build = Build(lane, project, root / "built elsewhere")
    build.configure()
    build.make("all")
    return build


@pytest.fixture
def build(finished_build: Build) -> Iterator[Build]:
    """The finished build. What a test changes in project and component is put back after it."""
    saved = {path: path.read_bytes() for path in finished_build.inputs()}
    yield finished_build
    for path in finished_build.inputs():
        if path not in saved:
            path.unlink()
    for path, content in saved.items():
        if path.read_bytes() != content:
            path.write_bytes(content)
    # idf.py has taken the cache away if CMake failed, and would configure without our settings
    if not (finished_build.folder / "CMakeCache.txt").exists():
        finished_build.configure()
    finished_build.make("all")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new))


def built(output: str) -> list[str]:
    """What ninja says that it did, but for what it always does."""
    steps = re.findall(r"^\[\d+/\d+\] (.*)", output, re.MULTILINE)
    return [step for step in steps if not any(always in step for always in ALWAYS)]


def test_the_module_is_built_with_the_firmware(build: Build) -> None:
    assert build.module.read_bytes()[:4] == b"\x7fELF"
    manifest = Manifest.load(build.folder / "hotreload" / "module_manifest.json")
    assert manifest.exports == tuple(sorted(manifest.exports))
    assert "reloadable_add" in manifest.exports
    assert Path(manifest.firmware_elf) == build.elf
    assert Path(manifest.output) == build.module
    assert manifest.partition is not None
    assert (manifest.partition.label, manifest.partition.size) == ("hotreload", 512 * 1024)
    assert (build.folder / "hotreload" / "include" / "reloadable_util.h").is_file()


def test_nothing_is_built_when_nothing_changed(build: Build) -> None:
    times = build.times()
    assert built(build.make("all")) == []
    assert build.times() == times


def test_a_change_of_the_module_builds_the_module_only(build: Build) -> None:
    firmware, module = build.times()
    change(build.source("components/reloadable/reloadable.c"), '"Hello"', '"Howdy"')
    steps = built(build.make("all"))
    assert build.times()[0] == firmware
    assert build.times()[1] > module
    assert b"Howdy\0" in build.module.read_bytes()
    assert not [step for step in steps if "basic.elf" in step or "libreloadable.a" in step]


SOURCES = Path("components", "reloadable")
SCRIPT = Path("..", "..", "component", COMPONENT.name, "ld", "hotreload_module.ld")


@pytest.mark.parametrize(
    ("file", "old", "new", "firmware_too"),
    [
        (SOURCES / "reloadable.c", '"Hello"', '"Howdy"', False),
        (SCRIPT, ". = 0x14000000;", ". = 0x14001000;", False),
        (SOURCES / "include" / "reloadable.h", "#pragma once", "#pragma once\n#define X", True),
        (SOURCES / "CMakeLists.txt", "PARTITION", "COMPILE_OPTIONS -O3 PARTITION", True),
        (SOURCES / "CMakeLists.txt", "PARTITION", "BUILD_NUMBER 7 PARTITION", True),
    ],
    ids=["source", "linker script", "header", "compiler option", "build number"],
)
def test_a_watched_module_is_the_same(
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    old: str,
    new: str,
    firmware_too: bool,
) -> None:
    """What `watch` makes. No Python starts for what has nothing to do with the firmware."""
    for name, value in {**build.lane.environment(), **build.settings}.items():
        monkeypatch.setenv(name, value)
    change(build.source(str(file)), old, new)
    _, before = build.times()
    with monkeypatch.context() as environment:
        if not firmware_too:
            environment.setenv("PYTHONHOME", "/nowhere")  # ends each start
        module, _ = WatchedBuild.open(build.folder).make_module(colours=False)
    assert build.times()[1] > before
    assert built(build.make("hotreload-module")) == []

    made = {path: path.read_bytes() for path in build.module_files()}
    assert made[build.module] == module.data
    for path in made:
        path.unlink()
    build.make("hotreload-module")
    assert {path: path.read_bytes() for path in build.module_files()} == made


def test_a_changed_header_builds_the_module_again(build: Build) -> None:
    _, module = build.times()
    header = build.source("components/reloadable/include/reloadable.h")
    header.write_text(header.read_text() + "\n#define NOTHING 1\n")
    build.make("all")
    assert build.times()[1] > module


def test_a_new_export_reaches_firmware_and_module(build: Build) -> None:
    firmware, module = build.times()
    source = build.source("components/reloadable/reloadable.c")
    source.write_text(source.read_text() + "\nint32_t reloadable_extra(void) { return 7; }\n")
    build.make("all")
    assert build.times()[0] > firmware
    assert build.times()[1] > module
    assert "reloadable_extra" in (build.folder / "hotreload" / "exports.txt").read_text().split()


def test_a_change_of_the_firmware_links_the_module_again(build: Build) -> None:
    firmware, module = build.times()
    change(build.source("main/main.c"), "GREETER_PERIOD_MS 1000", "GREETER_PERIOD_MS 1500")
    steps = built(build.make("all"))
    assert build.times()[0] > firmware
    assert build.times()[1] > module
    assert not [step for step in steps if "reloadable.c" in step]


def test_a_function_that_only_the_module_uses_is_kept_in_the_firmware(build: Build) -> None:
    main = build.source("main/main.c")
    main.write_text(main.read_text() + "\nint32_t for_the_module(int32_t x) { return x + 1; }\n")
    build.make("all")
    assert "for_the_module" not in build.firmware_symbols(), "the linker did not drop it"
    change(
        build.source("components/reloadable/reloadable.c"),
        "return a + b;",
        "extern int32_t for_the_module(int32_t); return for_the_module(a + b - 1);",
    )
    build.make("all")
    assert "for_the_module" in build.firmware_symbols()


def test_a_function_that_nobody_has_is_an_error_that_names_it(build: Build) -> None:
    source = build.source("components/reloadable/reloadable.c")
    change(source, "return a + b;", "extern int32_t nobody_has(int32_t); return nobody_has(a + b);")
    output = build.make("all", check=False)
    assert (
        "hotreload: error: module 'reloadable': 'nobody_has' is undefined, used by 'reloadable_add'"
    ) in output
    assert 'hotreload_module.py", line' not in output  # as a traceback has it


def test_an_exported_variable_is_a_warning_and_the_build_goes_on(build: Build) -> None:
    source = build.source("components/reloadable/reloadable.c")
    change(source, "static uint32_t greeted;", "uint32_t greeted;")
    output = build.make("all")
    assert "hotreload: warning: variable 'greeted' of reloadable.c is exported" in output


def test_the_identity_follows_the_firmware(build: Build) -> None:
    """The module's follows as well; a change of the module alone leaves it as it is."""
    identity, flashed = read(build.elf), build.app_image()
    assert identity in flashed
    assert build.module.read_bytes().count(identity) == 1
    change(build.source("components/reloadable/reloadable.c"), '"Hello"', '"Howdy"')
    build.make("all")
    assert read(build.elf) == identity
    change(build.source("main/main.c"), "GREETER_PERIOD_MS 1000", "GREETER_PERIOD_MS 1500")
    build.make("all")
    other = read(build.elf)
    assert other != identity
    assert build.module.read_bytes().count(other) == 1
    assert other in build.app_image()


def test_a_build_without_a_change_has_the_same_identity(build: Build) -> None:
    """After touching a source, and from scratch."""
    identity, module = read(build.elf), build.module.read_bytes()
    for path in build.source("main/main.c"), build.source("components/reloadable/reloadable.c"):
        path.touch()
    build.make("all")
    assert read(build.elf) == identity
    build.make("clean")
    build.make("all")
    assert read(build.elf) == identity
    assert build.module.read_bytes() == module


def test_another_build_directory_has_the_same_identity(build: Build) -> None:
    elsewhere = Build(build.lane, build.project, build.folder.with_name("somewhere else"))
    elsewhere.configure()
    elsewhere.make("all")
    assert read(elsewhere.elf) == read(build.elf)
    assert elsewhere.module.read_bytes() == build.module.read_bytes()


def test_c_and_cxx_sources_together(build: Build) -> None:
    folder = build.source("components/reloadable")
    (folder / "shape.cpp").write_text(
        "struct Shape { virtual int area() const { return side * side; } int side = 3; };\n"
        "int area_of(const Shape &shape) { return shape.area(); }\n"
        "struct Kept : Shape { Kept() { side = area_of(*this); } ~Kept() { side = 0; } };\n"
        'static Kept kept;\nextern "C" int reloadable_area(void) { return kept.area(); }\n'
    )
    change(folder / "CMakeLists.txt", "SRCS reloadable.c", "SRCS reloadable.c shape.cpp")
    output = build.make("all")
    exports = (build.folder / "hotreload" / "exports.txt").read_text().split()
    assert "reloadable_area" in exports
    assert "reloadable_add" in exports
    assert re.search(r"hotreload: module .*, constructors 1, destructors [12], ", output)


def test_the_module_sees_what_the_component_sees(build: Build) -> None:
    folder = build.source("components/reloadable")
    (folder / "private").mkdir(exist_ok=True)
    (folder / "private" / "answer.h").write_text("#define ANSWER 42\n")
    change(
        folder / "CMakeLists.txt",
        'hotreload_setup(SRCS reloadable.c PARTITION "hotreload")',
        'hotreload_setup(SRCS reloadable.c PARTITION "hotreload" INCLUDE_DIRS private '
        "COMPILE_OPTIONS -DFROM_SETUP=1)\n"
        'target_compile_definitions(${COMPONENT_LIB} PRIVATE "FROM_COMPONENT=\\"two words\\"")',
    )
    change(
        folder / "reloadable.c",
        "#include <stdarg.h>",
        '#include "answer.h"\n#include "sdkconfig.h"\n#include "esp_system.h"\n'
        "#include <stdarg.h>\n_Static_assert(FROM_SETUP + ANSWER == 43 && "
        'sizeof(FROM_COMPONENT) == 10 && CONFIG_HOTRELOAD_TRACE, "not seen");',
    )
    build.make("all")


@pytest.mark.parametrize("manager", [False, True], ids=["command line", "path dependency"])
def test_a_component_of_another_name_is_found(
    finished_build: Build, tmp_path: Path, manager: bool
) -> None:
    """As a registry names it, without and with ESP-IDF's component manager, elsewhere."""
    project = tmp_path / "project"
    # the commands of the example are found where the component is in this repository
    ignored = shutil.ignore_patterns("build", "sdkconfig", "idf_ext.py")
    shutil.copytree(EXAMPLE, project, ignore=ignored)
    folder = tmp_path / "some where"
    folder.mkdir()
    (folder / "acme__hotreload").symlink_to(COMPONENT)
    change(project / "CMakeLists.txt", '"${CMAKE_CURRENT_LIST_DIR}/../../component"', "")
    change(project / "main" / "CMakeLists.txt", "PRIV_REQUIRES hotreload", "PRIV_REQUIRES")
    # what it depends on comes from ESP-IDF's component registry from v6.0 on
    change(
        project / "CMakeLists.txt",
        '"$ENV{IDF_PATH}/examples/common_components/protocol_examples_common"',
        "",
    )
    change(project / "main" / "CMakeLists.txt", "protocol_examples_common", "")
    if manager:
        (project / "main" / "idf_component.yml").write_text(
            "dependencies:\n  acme/hotreload:\n    path: ../../some where/acme__hotreload\n"
        )
    else:
        change(
            project / "main" / "CMakeLists.txt", "PRIV_REQUIRES", "PRIV_REQUIRES acme__hotreload"
        )
    settings = {**finished_build.settings, "IDF_COMPONENT_MANAGER": str(int(manager))}
    build = Build(finished_build.lane, project, tmp_path / "build", settings)
    build.configure(options=[] if manager else ["-D", f"EXTRA_COMPONENT_DIRS={folder}"])
    # the stubs, made by the component's tool and linked to its library
    build.make("esp-idf/reloadable/libreloadable.a")
    exports = build.folder / "hotreload" / "exports.txt"
    assert exports.exists(), "the build has made no module of the component"
    assert "reloadable_add" in exports.read_text().split()


# with the defaults and what scenarios are built with, each option in each position
SETTINGS = {
    "least": (
        *("HOTRELOAD_BOOT_GUARD=n", "HOTRELOAD_TRACE=n", "LOG_DEFAULT_LEVEL_NONE=y"),
        *("COMPILER_OPTIMIZATION_SIZE=y", "COMPILER_OPTIMIZATION_ASSERTIONS_DISABLE=y"),
    ),
    "most": (
        *("HOTRELOAD_UNLOAD_FIRST=y", "HOTRELOAD_AUTH=y", "HOTRELOAD_RELOAD_MODE_COOPERATIVE=y"),
        *("LOG_DEFAULT_LEVEL_VERBOSE=y", "COMPILER_OPTIMIZATION_PERF=y"),
    ),
}


@pytest.mark.nightly
@pytest.mark.parametrize("settings", SETTINGS)
def test_the_component_compiles_without_a_warning(
    finished_build: Build, tmp_path: Path, settings: str
) -> None:
    """What is only used with another setting is a warning there, and -Werror is on."""
    more = tmp_path / "sdkconfig.more"
    more.write_text("".join(f"CONFIG_{line}\n" for line in SETTINGS[settings]))
    build = Build(finished_build.lane, finished_build.project, tmp_path / "build")
    build.configure(more)
    chosen = (build.folder / "sdkconfig").read_text().splitlines()
    for line in SETTINGS[settings]:
        name, _, value = line.partition("=")
        assert (f"CONFIG_{name}=y" in chosen) == (value == "y")
    build.make("esp-idf/hotreload/libhotreload.a")


def test_a_warning_of_the_component_stops_our_builds_only(
    finished_build: Build, tmp_path: Path
) -> None:
    component = finished_build.component / "src" / "hotreload.c"
    assert {"-Wextra", "-Werror"} <= finished_build.warnings_of(component)
    application = Build(finished_build.lane, finished_build.project, tmp_path / "build")
    application.configure(strict=False)
    # ESP-IDF v6 itself stops at warnings
    its_own = application.warnings_of(application.source("main/main.c"))
    assert application.warnings_of(component) == its_own


def test_a_variant_from_the_manifest_is_the_same_module(build: Build, tmp_path: Path) -> None:
    manifest = Manifest.load(build.folder / "hotreload" / "module_manifest.json")
    module = build_module(
        manifest, [Path(source) for source in manifest.sources], tmp_path / "again.so"
    )
    assert module.path.read_bytes() == build.module.read_bytes()
    assert module.exports == manifest.exports


def test_a_missing_partition_is_a_warning_with_the_line_to_add(build: Build) -> None:
    change(
        build.source("partitions.csv"),
        "hotreload,  app,  0x40,    ,        512k,\n",
        "# nothing here\n",
    )
    output = build.make("all")
    assert "no partition 'hotreload'" in " ".join(output.split())
    assert "hotreload,  app,  0x40,    ,        512k," in output
    assert build.module.is_file()


def flashed(build: Build, target: str) -> tuple[bytes, int]:
    """What `target` writes to an empty flash, and where the module's partition is."""
    image = build.folder / FLASH
    image.unlink(missing_ok=True)
    build.make(target)
    manifest = Manifest.load(build.folder / "hotreload" / "module_manifest.json")
    assert manifest.partition is not None
    return image.read_bytes(), manifest.partition.offset


def test_flash_writes_the_newest_module_and_the_firmware(build: Build) -> None:
    change(build.source("components/reloadable/reloadable.c"), '"Hello"', '"Howdy"')
    flash, offset = flashed(build, "flash")
    module = build.module.read_bytes()
    assert b"Howdy\0" in module
    assert flash[offset:].startswith(flash_image(module, module_identity(module)))
    flasher = json.loads((build.folder / "flasher_args.json").read_text())
    assert flasher["flash_files"][hex(offset)] == "reloadable_flash.bin"
    for place, file in flasher["flash_files"].items():
        assert flash[int(place, 16) :].startswith((build.folder / file).read_bytes())
    assert build.app_image() in flash


def test_the_modules_flash_target_writes_the_newest_module_only(build: Build) -> None:
    firmware, _ = build.times()
    change(build.source("components/reloadable/reloadable.c"), '"Hello"', '"Howdy"')
    flash, offset = flashed(build, "hotreload-flash")
    module = build.module.read_bytes()
    assert b"Howdy\0" in module
    image = flash_image(module, module_identity(module))
    assert flash[offset:].startswith(image)
    assert not flash[:offset].strip(b"\xff")
    assert not flash[offset + len(image) :].strip(b"\xff")
    assert build.times()[0] == firmware


def test_a_module_larger_than_its_partition_is_an_error(build: Build) -> None:
    change(build.source("partitions.csv"), "512k", "64k")
    source = build.source("components/reloadable/reloadable.c")
    source.write_text(
        source.read_text() + "\nconst char *big(void) { static const char b[40000] "
        "= {1}; return b; }\n"
    )
    output = build.make("all", check=False)
    assert re.search(
        r"module 'reloadable' has \d+ bytes, partition 'hotreload' takes 32640", output
    )


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("hotreload_setup(PARTITION hotreload)", "SRCS is needed"),
        ("hotreload_setup(SRCS none.c PARTITION hotreload)", "no such file: .*none.c"),
        (
            "hotreload_setup(SRCS dummy.c PARTITION hotreload)",
            "dummy.c is also in SRCS of idf_component_register",
        ),
        ("hotreload_setup(SRCS reloadable.c PARTITION hotreload MORE)", "unknown arguments: MORE"),
        (
            "hotreload_setup(SRCS reloadable.c PARTITION hotreload)\n"
            "hotreload_setup(SRCS reloadable.c PARTITION hotreload)",
            "one reloadable component: 'reloadable' cannot be it, 'reloadable' is already",
        ),
    ],
    ids=["no sources", "missing source", "source in both", "unknown argument", "called twice"],
)
def test_wrong_calls_are_told(build: Build, call: str, told: str) -> None:
    change(
        build.source("components/reloadable/CMakeLists.txt"),
        'hotreload_setup(SRCS reloadable.c PARTITION "hotreload")',
        call,
    )
    output = " ".join(build.configure(check=False).split())
    assert re.search(f"hotreload_setup: .*{told}", output), output


REGISTERED = 'INCLUDE_DIRS "include" PRIV_REQUIRES esp_system'
SWITCHES = {
    "argument": f"idf_component_register(RELOADABLE {REGISTERED} SRCS reloadable.c)",
    "no library": f"idf_component_register({REGISTERED})\nhotreload_setup(SRCS reloadable.c)",
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_no_more_than_needed_has_to_be_said(build: Build, switch: str) -> None:
    """The same module as with everything said, compiled with the same options."""
    exported = (build.folder / "hotreload" / "exports.txt").read_text().split()
    options = build.options_of("reloadable.c")
    build.source("components/reloadable/CMakeLists.txt").write_text(SWITCHES[switch])
    build.make("all")
    assert (build.folder / "hotreload" / "exports.txt").read_text().split() == exported
    assert module_identity(build.module.read_bytes()) == read(build.elf)
    assert set(exported) <= build.firmware_symbols()
    assert build.options_of("reloadable.c") == options


def test_the_configuration_names_the_component(
    finished_build: Build, tmp_path: Path, seeded: Callable[[Path], Path]
) -> None:
    """Its CMakeLists.txt knows nothing of it."""
    project = tmp_path / "examples" / "basic"
    shutil.copytree(finished_build.project, project)
    (tmp_path / "component").symlink_to(seeded(COMPONENT.parent))
    file = project / "components" / "reloadable" / "CMakeLists.txt"
    file.write_text(f"idf_component_register({REGISTERED} SRC_DIRS . EXCLUDE_SRCS dummy.c)")
    named = tmp_path / "defaults"
    named.write_text('CONFIG_HOTRELOAD_COMPONENT="reloadable"\n')
    build = Build(finished_build.lane, project, tmp_path / "build")
    build.configure(named)
    build.make("esp-idf/reloadable/libreloadable.a")
    exports = build.folder / "hotreload" / "exports.txt"
    assert exports.exists(), "the build has made no module of the component"
    assert "reloadable_add" in exports.read_text().split()

    named.write_text('CONFIG_HOTRELOAD_COMPONENT="relaodable"\n')
    other = Build(finished_build.lane, project, tmp_path / "other")
    output = " ".join(other.configure(named, check=False).split())
    assert (
        "hotreload: CONFIG_HOTRELOAD_COMPONENT is 'relaodable', and the build has no component of "
        "that name"
    ) in output


@pytest.mark.parametrize(
    ("file", "text", "both"),
    [
        (
            "main",
            "idf_component_register(RELOADABLE SRCS main.c REQUIRES hotreload reloadable)",
            {"main", "reloadable"},
        ),
        (
            "components/reloadable",
            SWITCHES["argument"] + "\nhotreload_setup(SRCS reloadable.c)",
            {"reloadable"},
        ),
    ],
    ids=["two components", "two switches"],
)
def test_a_second_component_is_an_error(build: Build, file: str, text: str, both: set[str]) -> None:
    build.source(f"{file}/CMakeLists.txt").write_text(text)
    output = " ".join(build.configure(check=False).split())
    said = re.search(r"one reloadable component: '(\w+)' cannot be it, '(\w+)' is already", output)
    assert said, output
    assert set(said.groups()) == both


def test_a_component_without_sources_is_an_error(build: Build) -> None:
    file = build.source("components/reloadable/CMakeLists.txt")
    file.write_text('idf_component_register(RELOADABLE INCLUDE_DIRS "include")')
    output = " ".join(build.configure(check=False).split())
    assert "hotreload: the reloadable component 'reloadable' has no sources" in output


def test_a_helper_with_the_name_of_a_library_function(build: Build) -> None:
    """Refused as an export, for which it counts unless the exports are listed."""
    exports_file = build.folder / "hotreload" / "exports.txt"
    exports = exports_file.read_text().split()
    identity = read(build.elf)
    source = build.source("components/reloadable/reloadable.c")
    source.write_text(source.read_text() + "\nint hcreate(void) { return 7; }\n")
    output = build.make("all", check=False)
    assert "hotreload: error: 'hcreate' of reloadable.c would take the place of the one" in output
    assert ": make it static or rename it, or list" in output

    setup = build.source("components/reloadable/CMakeLists.txt")
    change(setup, 'PARTITION "hotreload")', f'PARTITION "hotreload" EXPORTS {" ".join(exports)})')
    build.make("all")
    assert exports_file.read_text().split() == exports
    assert read(build.elf) == identity


def test_the_module_is_compiled_and_linked_as_component_and_firmware_are(build: Build) -> None:
    """With properties, generated headers and --wrap, in CMake's build and from its manifest."""
    folder = build.source("components/reloadable")
    change(
        folder / "reloadable.c",
        "return a + b;",
        "extern int sensor(void); return a + b + sensor();",
    )
    (folder / "text.cpp").write_text(
        '#include "made.h"\n#if __cplusplus != 201703L || !defined(FROM_FLAGS) || ONE != 1\n'
        '#error other flags\n#endif\nextern "C" const char *reloadable_text(void) '
        '{ return u8"gr\\u00fcn" TEXT; }\n'
    )
    setup = folder / "CMakeLists.txt"
    change(setup, "SRCS reloadable.c", "SRCS reloadable.c text.cpp")
    setup.write_text(
        setup.read_text()
        + """
set(made "${CMAKE_CURRENT_BINARY_DIR}/made")
add_custom_command(OUTPUT "${made}/made.h"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${made}"
    COMMAND ${CMAKE_COMMAND} -E sleep 1
    COMMAND ${CMAKE_COMMAND} -E echo "#define TEXT \\"!\\"" > "${made}/made.h" VERBATIM)
add_custom_target(made_h DEPENDS "${made}/made.h")
add_dependencies(${COMPONENT_LIB} made_h)
target_include_directories(${COMPONENT_LIB} PRIVATE "${made}")
set_property(TARGET ${COMPONENT_LIB} PROPERTY CXX_STANDARD 17)
set_property(TARGET ${COMPONENT_LIB} PROPERTY CXX_EXTENSIONS OFF)
set_property(TARGET ${COMPONENT_LIB} PROPERTY COMPILE_FLAGS -DFROM_FLAGS)
set_source_files_properties(text.cpp PROPERTIES COMPILE_DEFINITIONS ONE=1)
"""
    )
    for name, text in (
        ("main.c", "\nint sensor(void) { return 1; }\nint __wrap_sensor(void) { return 42; }\n"),
        (
            "CMakeLists.txt",
            '\ntarget_link_libraries(${COMPONENT_LIB} INTERFACE "-Wl,--wrap=sensor")\n',
        ),
    ):
        file = build.source(f"main/{name}")
        file.write_text(file.read_text() + text)
    output = build.make("all")
    assert re.search(
        r"hotreload: module 'reloadable': text \d+, data \d+, bss \d+, \d+ exp", output
    )

    manifest = Manifest.load(build.folder / "hotreload" / "module_manifest.json")
    again = build_module(manifest, [Path(s) for s in manifest.sources], build.folder / "again.so")
    assert again.exports == manifest.exports
    for unstripped in (build.folder / "hotreload" / "reloadable.so", again.unstripped):
        names = {symbol.name for symbol in read_image(unstripped).symbols}
        assert "__wrap_sensor" in names
        assert "sensor" not in names
