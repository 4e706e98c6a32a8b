"""The plug-in that looks at a firmware from outside, built when somebody first asks for that.

Debian has no package with the header of QEMU's plug-ins: it comes out of the source.
"""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

from pytest_embedded_hotreload.sim import sdk
from pytest_embedded_hotreload.sim.provision import debian
from pytest_embedded_hotreload.sim.provision.recipes.sources import Source
from pytest_embedded_hotreload.sim.provision.steps import Step, Steps
from pytest_embedded_hotreload.sim.provision.store import provide

#: the emulator's package, whose interface the plug-in has to fit
QEMU = "qemu-system-misc"
SOURCE = Source("qemu", "7.2", ("include/qemu/qemu-plugin.h",))
PROGRAM = sdk.HERE / "observer" / "observer.c"
PLUGIN = "observer.so"
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden")


def header_key() -> str:
    return sdk.content_key([sdk.PROVISION / "observer.py"])


def observer_key() -> str:
    return sdk.content_key([sdk.PROVISION / "observer.py", PROGRAM])


def provide_observer() -> Path:
    """The plug-in; built when it is not in the cache, without a word. Raises `ProvisionError`."""
    folder = sdk.cache_root() / "observer" / observer_key()
    if not (folder / sdk.COMPLETE).exists():
        with Steps(sdk.cache_root() / "log", terminal=io.StringIO()).step("observer") as step:
            make_observer(step)
    return folder / PLUGIN


def make_observer(step: Step) -> None:
    _require_version()
    header = provide_header(step)
    folder = sdk.cache_root() / "observer" / observer_key()
    provide(folder, lambda empty: build_observer(empty, header, step), step)


def provide_header(step: Step) -> Path:
    """The folder with `qemu-plugin.h`."""
    folder = sdk.cache_root() / "observer" / f"header-{header_key()}"
    provide(folder, lambda empty: _fetch_header(empty, step), step)
    return folder


def build_observer(folder: Path, header: Path, step: Step) -> None:
    step.run(
        ["gcc", *FLAGS, f"-I{header}", "-o", folder / PLUGIN, PROGRAM],
        "the plug-in for QEMU does not compile",
    )


def _fetch_header(folder: Path, step: Step) -> None:
    work = folder / "work"
    work.mkdir()
    debian.fetch_sources([SOURCE], work, step)
    shutil.copy(work / SOURCE.package / SOURCE.members[0], folder)
    shutil.rmtree(work)


def _require_version() -> None:
    version = sdk.installed_versions((QEMU,)).get(QEMU, "none")
    if not re.match(rf"(\d+:)?{re.escape(SOURCE.version)}\b", version):
        raise sdk.ProvisionError(
            f"--observe is for QEMU {SOURCE.version} of Debian 12, and {QEMU} here is {version}"
        )
