"""The build directory of a firmware: making its module anew, and what the module is made of."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hotreload_client import Key

from .errors import BuildError, WrongCallError
from .module import Module

MANIFEST = Path("hotreload", "module_manifest.json")
TARGET = "hotreload-module"
# says where the emulated devices are while `idf.py run-project --qemu` runs, one in a line
DEVICE_URL = Path("hotreload", "device_url")

CACHE_ENTRY = re.compile(r"^(CMAKE_GENERATOR|CMAKE_MAKE_PROGRAM):[A-Z]+=(.*)$", re.MULTILINE)
# what Ninja and CMake say about themselves, not about a source
PROGRESS = re.compile(r"\[\d+/\d+\] |ninja: (?!error)|-- ")


def read_manifest(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongCallError(
            f"cannot read the manifest {path}: {error.strerror}: run `idf.py build`"
        ) from error
    except ValueError as error:
        raise WrongCallError(f"{path} is not a manifest: {error}") from error
    if not isinstance(content, dict) or "output" not in content:
        raise WrongCallError(f"{path} is not a manifest: it names no module")
    return content


@dataclass(frozen=True)
class Build:
    """A build directory in which the firmware has been built."""

    folder: Path
    ninja: str

    @staticmethod
    def open(folder: Path) -> Build:
        cache = folder / "CMakeCache.txt"
        if not (folder / MANIFEST).exists() or not cache.exists():
            raise WrongCallError(
                f"{folder} has no firmware with a reloadable component: run `idf.py build` first, "
                "and flash it"
            )
        entries = dict(CACHE_ENTRY.findall(cache.read_text(encoding="utf-8", errors="replace")))
        generator = entries.get("CMAKE_GENERATOR")
        if generator != "Ninja":
            raise WrongCallError(f"{folder} is built by {generator}: only Ninja builds are known")
        return Build(folder, entries["CMAKE_MAKE_PROGRAM"])

    @property
    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.folder / MANIFEST)

    @property
    def component(self) -> str:
        return str(self.manifest["component"])

    @property
    def key(self) -> Key | None:
        """What requests to the firmware are signed with, if it wants that."""
        path = self.manifest.get("auth_key")
        return Key.load(Path(path)) if path else None

    @property
    def device_urls(self) -> list[str]:
        """Where emulated devices of this build are: those that run, or were killed."""
        path = self.folder / DEVICE_URL
        return path.read_text(encoding="utf-8").split() if path.exists() else []

    @property
    def device_url(self) -> str | None:
        """Where the emulated device of this build is, if one runs."""
        urls = self.device_urls
        if len(urls) > 1:
            urls = [url for url in urls if _is_taken(url)]
        if len(urls) > 1:
            raise WrongCallError(
                f"{len(urls)} devices run from {self.folder}: choose one of {', '.join(urls)} by "
                "--url"
            )
        return urls[0] if urls else None

    def announce(self, url: str) -> None:
        """Let other commands find a device, until `withdraw`."""
        self._write_urls([*self.device_urls, url])

    def withdraw(self, url: str) -> None:
        """The device is off."""
        self._write_urls([other for other in self.device_urls if other != url])

    def _write_urls(self, urls: list[str]) -> None:
        path = self.folder / DEVICE_URL
        if urls:
            path.write_text("".join(f"{url}\n" for url in urls), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)

    def make_module(self, *, colours: bool) -> tuple[Module, str]:
        """Build what has changed; returns the module and the warnings of the compiler.

        Ninja alone, and of the firmware only what the module depends on: `idf.py build` takes
        longer to find that nothing is to do than compiling a module does.
        """
        from .resident import Resident  # with the build tool, which other commands do not need

        # no cache has what was just saved: ccache then leaves it to the compiler to preprocess it
        environment = {**os.environ, "CCACHE_DEPEND": "1"}
        if colours:
            # Ninja takes them out of what it passes on to a pipe, unless it is told to leave them
            environment["CLICOLOR_FORCE"] = "1"
        with Resident() as resident:
            environment.update(resident.environment)
            result = self._run(TARGET, env=environment, pipes=resident.pipes)
        said = messages(result.stdout) + resident.said
        if result.returncode != 0:
            raise BuildError(f"{said}the module '{self.component}' was not built")
        return Module.read(Path(self.manifest["output"])), said

    def forget_objects(self) -> None:
        """Have all sources of the module compiled by the next build."""
        for path in self._objects():
            (self.folder / path).unlink(missing_ok=True)

    def sources(self) -> set[Path]:
        """The sources of the module, and what they included when they were compiled last."""
        manifest, objects = self.manifest, self._objects()
        included = self._run("-t", "deps", *objects).stdout if objects else ""
        found = re.findall(r"^ +(\S.*)$", included, re.MULTILINE)
        return {(self.folder / path).resolve() for path in (*manifest["sources"], *found)}

    def _objects(self) -> list[str]:
        module = os.path.relpath(self.manifest["output"], self.folder)
        edge = self._run("-t", "query", module).stdout
        return re.findall(r"^ +(\S.*\.o(?:bj)?)$", edge, re.MULTILINE)

    def _run(
        self, *arguments: str, env: dict[str, str] | None = None, pipes: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        command = [self.ninja, "-C", str(self.folder), *arguments]
        # what is recognized below
        env = {**(os.environ if env is None else env), "NINJA_STATUS": "[%f/%t] "}
        try:
            return subprocess.run(
                command,
                env=env,
                pass_fds=pipes if os.name == "posix" else (),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise WrongCallError(f"cannot run {self.ninja}: {error.strerror}") from error


def _is_taken(url: str) -> bool:
    """Whether somebody listens there: an emulator that was killed could not withdraw its own."""
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname or "", address.port or 80), timeout=1):
            return True
    except OSError:
        return False


def messages(output: str) -> str:
    """What compilers and linkers said in a run of Ninja, without progress and command lines."""
    lines = []
    command_follows = False
    for line in output.splitlines(keepends=True):
        if line.startswith("FAILED: "):
            command_follows = True
        elif command_follows:
            command_follows = False
        elif not PROGRESS.match(line):
            lines.append(line)
    return "".join(lines)
