"""The set-up as a command: makes what is missing, says what it does, and does nothing twice."""

from __future__ import annotations

import argparse
import errno
import importlib.util
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_embedded_hotreload.sim import sdk
from pytest_embedded_hotreload.sim.provision import debian, lwip, observer, python_env
from pytest_embedded_hotreload.sim.provision.recipes.build import build_sdk
from pytest_embedded_hotreload.sim.provision.recipes.sources import SOURCES
from pytest_embedded_hotreload.sim.provision.steps import Step, StepError, Steps
from pytest_embedded_hotreload.sim.provision.store import locked, provide

# a first run leaves 0.4 GB in the cache and uses as much again while it unpacks
FREE_SPACE_WANTED = 1_000_000_000

# what programs say, and what it means for the user
REASONS = (
    (r"No space left on device|Disk quota exceeded", "the disk is full"),
    (
        r"Could not resolve|Temporary failure (resolving|in name resolution)|Name or service not"
        r"|Network is unreachable|Could not connect|Connection (refused|timed out)"
        r"|Failed to establish a new connection",
        "no network",
    ),
    (r"Unable to locate package|has no installation candidate", "this Debian does not have it"),
    (r"THESE PACKAGES DO NOT MATCH THE HASHES", "a download is not what the lock file expects"),
    (r"No matching distribution found", "the package index does not have it"),
    (r"Permission denied", "permission denied"),
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="ci/setup",
        description="Install and build what the simulated lane needs: Debian packages (as root or "
        "by sudo), the Python environment, the Xtensa toolchain, and lwIP. The other lanes need "
        "the Python environment alone. What is there already is left alone.",
        epilog="Everything but the Debian packages goes to $HOTRELOAD_CACHE, or to hotreload in "
        "the user's cache folder, and is shared by all clones.",
    )
    parser.add_argument(
        "--tests",
        action="store_true",
        help="also what only tests need: the compilers with which the component is tested on the "
        "host, clang with libFuzzer and gcc for 32 bits; and doxygen",
    )
    parser.add_argument(
        "--browser",
        action="store_true",
        help="also Chromium, which only the nightly tests of the report need",
    )
    parser.add_argument(
        "--lane",
        choices=("sim", "esp32", "board"),
        default="sim",
        help="esp32 and board: only the Python environment, on any Linux; ESP-IDF brings the rest, "
        "and a system with a Python older than 3.11 gets one into the cache",
    )
    parser.add_argument(
        "--farm",
        action="store_true",
        help="only labgrid, in a Python environment of its own, with which ci/farm takes boards of "
        "other machines; on any Linux",
    )
    options = parser.parse_args(arguments)
    if (options.tests or options.browser) and options.lane != "sim":
        parser.error("--tests and --browser are for lane sim")
    packages: tuple[str, ...] = debian.PACKAGES
    packages += debian.TEST_PACKAGES if options.tests else ()
    packages += debian.BROWSER_PACKAGES if options.browser else ()
    lane = "farm" if options.farm else options.lane
    return install(parser.prog, lane, packages, tests=options.tests)


def install(
    program: str,
    lane: str = "sim",
    packages: Sequence[str] = debian.PACKAGES,
    tests: bool = False,
) -> int:
    """Make what `lane`, or the farm, lacks, and say what is made.

    Answers with the exit status of `program`.
    """
    steps = Steps(sdk.cache_root() / "log")
    started = time.monotonic()
    try:
        if lane == "farm":
            changed = set_up_farm(steps)
        else:
            changed = set_up(packages, steps) if lane == "sim" else set_up_python(steps)
            changed |= tests and set_up_observer(steps)
    except StepError as error:
        print(f"{program}: {error}{_reason(error)}", file=sys.stderr)
        for line in error.details:
            print(f"    {line}", file=sys.stderr)
        print(f"{program}: the whole log is {error.log}", file=sys.stderr)
        return 1
    except sdk.ProvisionError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        print(f"{program}: {why}: {error.filename or sdk.cache_root()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{program}: stopped; run it again to go on", file=sys.stderr)
        return 130
    elapsed = time.monotonic() - started
    print(f"set-up: {'ready' if changed else 'nothing to do'} ({elapsed:.1f} s)")
    return 0


def set_up(packages: Sequence[str], steps: Steps) -> bool:
    """Bring everything into being; false when everything was there."""
    changed = False
    cache = sdk.cache_root()
    if debian.missing_packages(packages):
        changed = True
        # apt-get waits for another one to install, but not for one that reads its lists
        with steps.step("Debian packages") as step, locked(cache / ".packages.lock", step):
            if missing := debian.missing_packages(packages):
                debian.install(missing, step)
    _check_space(cache)
    changed |= set_up_python(steps)
    toolchain = cache / "sdk" / sdk.sdk_key()
    if not (toolchain / sdk.COMPLETE).exists():
        changed = True
        sources = cache / "sources" / sdk.sources_key()
        if not (sources / sdk.COMPLETE).exists():
            with steps.step("sources") as step:
                provide(sources, lambda folder: debian.fetch_sources(SOURCES, folder, step), step)
        with steps.step("toolchain and libraries") as step:
            provide(toolchain, lambda folder: build_sdk(folder, sources, step), step)
    network = cache / "lwip" / sdk.lwip_key()
    if not (network / sdk.COMPLETE).exists():
        changed = True
        with steps.step("lwIP") as step:
            provide(network, lambda folder: lwip.build_lwip(folder, toolchain, step), step)
    return changed


def set_up_observer(steps: Steps) -> bool:
    """Make the plug-in for QEMU; false when it was there."""
    if (sdk.cache_root() / "observer" / observer.observer_key() / sdk.COMPLETE).exists():
        return False
    with steps.step("plug-in for QEMU") as step:
        observer.make_observer(step)
    return True


def set_up_python(steps: Steps) -> bool:
    """Make the Python environment of a checkout; false when it was there."""
    if sdk.INSTALLED:
        return False
    venv = sdk.cache_root() / "venv" / sdk.venv_key()
    return _environment("Python environment", venv, python_env.build_venv, steps)


def set_up_farm(steps: Steps) -> bool:
    """Make labgrid's environment; false when it was there."""
    farm = sdk.cache_root() / "farm" / sdk.farm_key()
    return _environment("labgrid", farm, python_env.build_farm, steps)


def _environment(
    name: str, folder: Path, build: Callable[[Path, Step], None], steps: Steps
) -> bool:
    if (folder / sdk.COMPLETE).exists():
        return False
    with steps.step(name) as step:
        if importlib.util.find_spec("ensurepip") is None:
            debian.install([debian.VENV], step)
        provide(folder, lambda made: build(made, step), step)
    return True


def _check_space(cache: Path) -> None:
    if (cache / "sdk").exists():
        return
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < FREE_SPACE_WANTED:
        raise sdk.ProvisionError(
            f"{existing} has {free / 1e6:.0f} MB free, a first set-up wants "
            f"{FREE_SPACE_WANTED / 1e6:.0f} MB: set HOTRELOAD_CACHE to a folder with more"
        )


def _reason(error: StepError) -> str:
    text = "\n".join(error.details)
    return next((f": {meaning}" for pattern, meaning in REASONS if re.search(pattern, text)), "")
