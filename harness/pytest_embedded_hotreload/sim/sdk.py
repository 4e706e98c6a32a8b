#!/usr/bin/env python3
"""Where the provisioned parts of the simulated lane are, for this checkout.

As a program (any Python from 3.8 on, standard library only)::

    sdk.py cache     root of the cache: $HOTRELOAD_CACHE, or hotreload in the user's cache folder
    sdk.py sdk       toolchain, libc, libm, libgcc, and sources that firmwares compile
    sdk.py lwip      liblwip.a for this checkout's port headers, made first where it is missing

prints one path and exits 0, or one line on stderr and exits 1 when what it stands for has not been
made, by `ci/setup` or, where the package is installed, by `hotreload doctor --install`.

Everything lies in folders named by a key of what they were made from, so that clones with equal
recipes share them and a changed recipe never finds something stale:

=============  ====================================================================
folder         key
=============  ====================================================================
``sources/KEY`` the list of sources, `provision/recipes/sources.py`
``sdk/KEY``    files of ``provision/recipes``, versions of Debian's Xtensa compiler
               and binutils, machine
``lwip/KEY``   ``provision/lwip.py``, the port headers, the SDK's key
``gdb/KEY``    ``provision/gdb.py``, the SDK's key; made when somebody first debugs
``observer/KEY`` ``provision/observer.py`` and ``observer/observer.c``; made when first needed
=============  ====================================================================

The upstream versions of the sources are part of the recipes; the Debian revisions that were used
are recorded in ``sources.txt`` of the SDK.

SDK folder::

    bin/xtensa-sim-elf-gcc ...   Debian's tools for the windowed ABI and the core de212
    xtensa-sim-elf/include       newlib's headers
    xtensa-sim-elf/lib           libc.a (no malloc), libm.a, libgcc.a
    src/lwip  src/mbedtls  src/http_parser  src/unity
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
#: rather than in a checkout
INSTALLED = (HERE.parent / "repository").is_dir()
#: what makes all that is missing
SETUP = "hotreload doctor --install" if INSTALLED else "ci/setup"
PROVISION = HERE / "provision"
LWIP_PORT = HERE / "idf" / "components" / "lwip" / "port" / "include"
REQUIREMENTS = REPOSITORY / "requirements.lock"
FARM_REQUIREMENTS = REPOSITORY / "ci" / "farm.lock"
COMPLETE = ".complete"  # the mark of a folder of the cache that was built to the end
TOOLCHAIN_PACKAGES = ("gcc-xtensa-lx106", "binutils-xtensa-lx106")


class ProvisionError(Exception):
    """Something is not there and could not be made; the text is one line for people.

    `details` are the last lines of a program that has failed.
    """

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.details = details


def cache_root() -> Path:
    """The folder that all clones of this user share."""
    explicit = os.environ.get("HOTRELOAD_CACHE")
    if explicit:
        return Path(explicit).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "hotreload"


def content_key(files: Iterable[Path], *facts: str) -> str:
    """A short name for `facts` and for `files`: what is in them and where they are."""
    digest = hashlib.sha256()
    for file in sorted(files):
        data = file.read_bytes()
        digest.update(f"{os.path.relpath(file, HERE)}\0{len(data)}\0".encode() + data)
    for fact in facts:
        digest.update(f"\0{fact}".encode())
    return digest.hexdigest()[:16]


def files_below(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    ]


def installed_versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of the Debian packages that are installed; the others are left out."""
    command = [
        "/usr/bin/dpkg-query",
        "-W",
        "-f",
        "${db:Status-Status} ${Package} ${Version}\\n",
        *packages,
    ]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        raise ProvisionError(
            "this is not Debian, which the simulated board needs: there is no dpkg-query "
            "(the other lanes run on any Linux)"
        ) from None
    rows = (line.split() for line in answer.splitlines())
    return {row[1]: row[2] for row in rows if row[0] == "installed"}


def sdk_key() -> str:
    versions = installed_versions(TOOLCHAIN_PACKAGES)
    for package in TOOLCHAIN_PACKAGES:
        if package not in versions:
            raise ProvisionError(f"Debian package {package} is not installed: run {SETUP}")
    facts = [f"{name}={version}" for name, version in sorted(versions.items())]
    return content_key(files_below(PROVISION / "recipes"), platform.machine(), *facts)


def sources_key() -> str:
    return content_key([PROVISION / "recipes" / "sources.py"])


def lwip_key() -> str:
    return content_key([PROVISION / "lwip.py", *files_below(LWIP_PORT)], sdk_key())


def interpreter() -> Path:
    """The system's Python, or where that is too old the one that `ci/setup` has fetched."""
    fetched = cache_root() / "python" / "bin" / "python3"
    return fetched if fetched.exists() else Path("/usr/bin/python3")


def venv_key() -> str:
    return content_key([REQUIREMENTS], str(interpreter().resolve()))


def farm_key() -> str:
    return content_key([FARM_REQUIREMENTS], str(interpreter().resolve()))


def _provisioned(kind: str, key: str, command: str = SETUP) -> Path:
    folder = cache_root() / kind / key
    if not (folder / COMPLETE).exists():
        raise ProvisionError(f"{kind} is not in the cache ({folder}): run {command}")
    return folder


def sdk_path() -> Path:
    return _provisioned("sdk", sdk_key())


def lwip_path() -> Path:
    """The archive of lwIP; made here when the port headers have changed since `ci/setup`."""
    sdk = sdk_path()
    folder = cache_root() / "lwip" / lwip_key()
    if not (folder / COMPLETE).exists():
        # a change of lwipopts.h is an edit like any other: a build has to follow it by itself
        from pytest_embedded_hotreload.sim.provision.lwip import provide_lwip

        provide_lwip(folder, sdk)
    return folder / "liblwip.a"


def venv_path() -> Path:
    return _own_environment() if INSTALLED else _provisioned("venv", venv_key())


def _own_environment() -> Path:
    """The environment that the package is installed in: it lies below it."""
    for folder in list(HERE.parents)[:-1]:  # not the system's
        if (folder / "bin" / "python").exists():
            return folder
    raise ProvisionError(
        f"{HERE.parent} is in no Python environment: install the package in one, which "
        "`python3 -m venv FOLDER` makes"
    )


def farm_path() -> Path:
    return _provisioned("farm", farm_key(), "ci/setup --farm")


def main(arguments: list[str]) -> int:
    paths = {
        "cache": cache_root,
        "sdk": sdk_path,
        "lwip": lwip_path,
        "venv": venv_path,
        "farm": farm_path,
    }
    if len(arguments) != 1 or arguments[0] not in paths:
        print(f"usage: sdk.py {'|'.join(paths)}", file=sys.stderr)
        return 2
    try:
        print(paths[arguments[0]]())
    except ProvisionError as error:
        print(f"sdk.py: {error}", *error.details, sep="\n    ", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"sdk.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # as a program, the first entry is this folder, whose modules are not top-level ones; and
    # the module that the others import is another one than this
    sys.path[0] = str(HERE.parents[1])
    from pytest_embedded_hotreload.sim import sdk

    sys.exit(sdk.main(sys.argv[1:]))
