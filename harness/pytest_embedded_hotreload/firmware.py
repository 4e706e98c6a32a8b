"""Building the firmware of an ESP-IDF project, once per session, into the cache."""

import hashlib
import itertools
import json
import re
import subprocess
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from hotreload_client import Key
from hotreload_loop.build import messages
from pytest_embedded_hotreload.errors import (
    BuildError,
    FirmwareError,
    HarnessError,
    MissingToolError,
)
from pytest_embedded_hotreload.kconfig import check_options
from pytest_embedded_hotreload.lanes.base import Lane
from pytest_embedded_hotreload.lock import Usage, locked
from pytest_embedded_hotreload.progress import NoScreen, Progress, Say
from pytest_embedded_hotreload.spent import BUILDS, spent

Config = Mapping[str, str]

#: how Ninja says how far it is
_STEP = re.compile(r"\[(\d+/\d+)\]")

#: what a session could not build, beside what it has built
FAILED = ".failed"


@dataclass(frozen=True)
class FirmwareBuild:
    """A firmware that has been built."""

    project: Path
    build_dir: Path
    config: Config = field(default_factory=dict)
    seconds: float = 0.0

    @cached_property
    def description(self) -> dict[str, Any]:
        """ESP-IDF's `project_description.json`."""
        return self._json("project_description.json")

    @cached_property
    def name(self) -> str:
        """The project's name."""
        return str(self.description["project_name"])

    @cached_property
    def elf(self) -> Path:
        """The firmware with its symbols."""
        return self.build_dir / str(self.description["app_elf"])

    @property
    def addr2line(self) -> Path:
        """The program that turns addresses of the firmware into lines: the compiler's neighbour."""
        compiler = Path(str(self.description["c_compiler"]))
        return compiler.with_name(f"{compiler.name.removesuffix('gcc')}addr2line")

    @cached_property
    def sdkconfig(self) -> dict[str, Any]:
        """The configuration, names without `CONFIG_`."""
        return self._json("config/sdkconfig.json")

    @cached_property
    def build_id(self) -> str:
        """A short name of exactly this firmware."""
        return hashlib.sha256(self.elf.read_bytes()).hexdigest()[:16]

    @cached_property
    def identity(self) -> bytes:
        """What the build has written into the firmware; its modules have the same."""
        with self.elf.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            name = "hotreload_firmware_identity"
            if not isinstance(table, SymbolTableSection):
                raise HarnessError(f"{self.elf} has no symbols")
            symbols = table.get_symbol_by_name(name)
            if not symbols:
                raise HarnessError(f"{self.elf} has no {name}")
            address: int = symbols[0]["st_value"]
            segment = next(
                s
                for s in elf.iter_segments(type="PT_LOAD")
                if s["p_vaddr"] <= address < s["p_vaddr"] + s["p_filesz"]
            )
            start: int = address - segment["p_vaddr"]
            return segment.data()[start : start + 16]

    @property
    def app_offset(self) -> int:
        """Where in the flash the application is."""
        return int(self._app["offset"], 0)

    @property
    def app_image(self) -> Path:
        """What is flashed there."""
        return self.build_dir / str(self._app["file"])

    @property
    def _app(self) -> dict[str, Any]:
        app: dict[str, Any] = self._json("flasher_args.json")["app"]
        return app

    @property
    def manifest(self) -> Path:
        """What a module is built from (written by `hotreload_setup()`)."""
        path = self.build_dir / "hotreload" / "module_manifest.json"
        if not path.exists():
            raise HarnessError(f"{self.project} has no reloadable component: no {path.name}")
        return path

    @property
    def auth_key(self) -> Key | None:
        """What requests to this firmware are signed with, if it wants that."""
        if not self.sdkconfig.get("HOTRELOAD_AUTH"):
            return None
        return Key.load(Path(json.loads(self.manifest.read_text())["auth_key"]))

    def _json(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.build_dir / name).read_text())
        return content


class FirmwareBuilder:
    """Builds projects for one lane.

    A build directory belongs to one project folder and configuration, is locked while it is
    built, and is built at most once per session, however many processes the session has. While
    a session uses it no other one builds in it: a second session at the same time, which may see
    other sources, has a directory of its own.
    """

    def __init__(
        self, lane: Lane, cache: Path, session: str, progress: Progress | None = None
    ) -> None:
        self._lane = lane
        self._cache = cache
        self._session = session
        self._progress = progress or Progress(NoScreen())
        self._builds: dict[Path, FirmwareBuild] = {}
        self._failed: dict[Path, BuildError] = {}

    @property
    def builds(self) -> list[FirmwareBuild]:
        """What this process has asked for so far."""
        return list(self._builds.values())

    def build_dir(self, project: Path, config: Config) -> Path:
        """Where `project` with `config` is built."""
        facts = [str(project.resolve()), *(f"{key}={config[key]}" for key in sorted(config))]
        facts += filter(None, [self._lane.toolchain()])
        key = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:12]
        return self._cache / "builds" / self._lane.name / f"{project.name}-{key}"

    def build(self, project: Path, config: Config | None = None) -> FirmwareBuild:
        """Return the finished build of `project`, with settings that override its own."""
        config = dict(config or {})
        project = project.resolve()
        build_dir = self.build_dir(project, config)
        if build_dir in self._builds:
            return self._builds[build_dir]
        if build_dir in self._failed:
            raise FirmwareError(str(project), "(the first test that needed it shows the output)")
        if not (project / "CMakeLists.txt").exists():
            raise HarnessError(f"{project} is no ESP-IDF project: it has no CMakeLists.txt")
        self._lane.require_tools()
        started = time.monotonic()
        try:
            with locked(build_dir.with_name(f"{build_dir.name}.lock")):
                used = self._build_locked(project, config, build_dir)
        except BuildError as error:
            self._failed[build_dir] = error
            raise
        build = FirmwareBuild(project, used, config, time.monotonic() - started)
        self._builds[build_dir] = build
        return build

    def _build_locked(self, project: Path, config: Config, first: Path) -> Path:
        """Take the directory that this session has built in, or build in one that nobody uses."""
        for build_dir in itertools.takewhile(Path.exists, _numbered(first)):
            if self._built_in(build_dir):
                self._use(build_dir).share()
                return build_dir
            self._raise_again(project, build_dir)
        for build_dir in _numbered(first):
            use = self._use(build_dir)
            if use.try_alone():
                break
            use.end()
        try:
            self._build_alone(project, config, build_dir)
        except HarnessError as error:
            if isinstance(error, FirmwareError):
                told = {"session": self._session, "output": error.output}
                (build_dir / FAILED).write_text(json.dumps(told))
            use.end()
            raise
        use.share()
        return build_dir

    def _raise_again(self, project: Path, build_dir: Path) -> None:
        """What another process of the session could not build is not tried again."""
        failed = build_dir / FAILED
        if failed.exists():
            told = json.loads(failed.read_text())
            if told["session"] == self._session:
                raise FirmwareError(str(project), told["output"])

    def _built_in(self, build_dir: Path) -> bool:
        session = build_dir / ".session"
        return session.exists() and session.read_text() == self._session

    def _use(self, build_dir: Path) -> Usage:
        use = Usage(build_dir.with_name(f"{build_dir.name}.used"))
        weakref.finalize(self, use.end)
        return use

    def _build_alone(self, project: Path, config: Config, build_dir: Path) -> None:
        build_dir.mkdir(parents=True, exist_ok=True)
        defaults = self._defaults(project, config, build_dir)
        configure = self._lane.configure_command(project, build_dir, defaults)
        recorded = build_dir / ".configured"
        wanted = "\0".join([*configure, *(path.read_text() for path in defaults)])
        with spent(BUILDS), self._progress.of(_title(project, config)) as say:
            if not recorded.exists() or recorded.read_text() != wanted:
                recorded.unlink(missing_ok=True)
                # settings of an earlier configuration would count more than the defaults
                (build_dir / "sdkconfig").unlink(missing_ok=True)
                self._run(configure, project, say)
                check_options(defaults, build_dir, self._lane.environment())
                recorded.write_text(wanted)
            self._run(self._lane.build_command(project, build_dir), project, say)
        (build_dir / ".session").write_text(self._session)

    def _defaults(self, project: Path, config: Config, build_dir: Path) -> list[Path]:
        defaults = [path for path in [project / "sdkconfig.defaults"] if path.exists()]
        defaults += self._lane.defaults
        if config:
            overrides = build_dir / "overrides.defaults"
            overrides.write_text("".join(f"{key}={config[key]}\n" for key in sorted(config)))
            defaults.append(overrides)
        return defaults

    def _run(self, command: Sequence[str], project: Path, say: Say) -> None:
        try:
            process = subprocess.Popen(
                command,
                env={**self._lane.environment(), "NINJA_STATUS": "[%f/%t] "},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        except FileNotFoundError as error:
            raise MissingToolError.of(error.filename) from error
        with process:
            assert process.stdout is not None
            output = []
            for line in process.stdout:
                output.append(line)
                step = _STEP.match(line)
                say(f"building {step[1]}" if step else "configuring")
        if process.returncode != 0:
            raise FirmwareError(str(project), messages("".join(output)).rstrip())


def _title(project: Path, config: Config) -> str:
    """A firmware as a reader knows it."""
    settings = [f"{key}={config[key]}" for key in sorted(config)]
    return " ".join(["firmware", str(Path(*project.parts[-2:])), *settings])


def _numbered(first: Path) -> Iterator[Path]:
    """Directories beside `first` for sessions that run at the same time."""
    yield first
    for number in itertools.count(2):
        yield first.with_name(f"{first.name}-{number}")
