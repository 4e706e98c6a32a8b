"""The SDK from its sources."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.recipes import libgcc, newlib, toolchain
from pytest_embedded_hotreload.sim.provision.steps import Step


def build_sdk(sdk: Path, sources: Path, step: Step) -> None:
    work = sdk / "build"
    step.say("core plug-in")
    toolchain.build_plugin(sdk, sources, step)
    newlib.install_headers(sdk, sources)
    toolchain.write_wrappers(sdk, step)
    step.say("libgcc")
    libgcc.build_libgcc(sdk, sources, work / "libgcc", step)
    step.say("libc")
    newlib.build_libc(sdk, sources, work / "libc", step)
    step.say("libm")
    newlib.build_libm(sdk, sources, work / "libm", step)
    shutil.rmtree(work)
    _copy_sources(sdk / "src", sources)
    shutil.copy(sources / "sources.txt", sdk)


def _copy_sources(into: Path, sources: Path) -> None:
    """Sources that the work-alike's own components compile."""
    shutil.copytree(sources / "lwip" / "src", into / "lwip" / "src")
    shutil.copytree(sources / "mbedtls", into / "mbedtls")
    for name, origin, files in (
        ("lwip", sources / "lwip", ("COPYING",)),
        (
            "http_parser",
            sources / "http-parser",
            ("http_parser.c", "http_parser.h", "LICENSE-MIT"),
        ),
        (
            "unity",
            sources / "cjson" / "tests" / "unity",
            ("src/unity.c", "src/unity.h", "src/unity_internals.h", "docs/license.txt"),
        ),
    ):
        (into / name).mkdir(exist_ok=True)
        for file in files:
            shutil.copy(origin / file, into / name)
