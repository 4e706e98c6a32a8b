"""Debian's package system: what is installed, installing the rest, and fetching sources.

Sources come through apt, which checks signatures and hashes, but with a configuration of our own:
the machine's own mirrors read as `deb-src` of the release that the recipes are for, in a scratch
folder, so that neither root nor a change in /etc/apt is needed.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.recipes.sources import Source
from pytest_embedded_hotreload.sim.provision.steps import Step, StepError
from pytest_embedded_hotreload.sim.sdk import ProvisionError, installed_versions

# of Debian, whose source packages the recipes are for, whichever the machine has: Debian 12
RELEASE = "bookworm"

# what the system's Python lacks on Debian and Ubuntu, unless it was asked for
VENV = "python3-venv"

# what the simulated lane runs, beside Python
PACKAGES = (
    "binutils-xtensa-lx106",
    "ca-certificates",
    "ccache",
    "cmake",
    "curl",
    "gcc",
    "gcc-xtensa-lx106",
    "git",
    "libc6-dev",
    "ninja-build",
    "patch",
    "python3",
    VENV,
    "qemu-system-misc",
    "xz-utils",
)

# what only tests need: clang with libFuzzer, doxygen; and for 32-bit programs, on the only machine
# that runs them. gcc-multilib is not it: cross compilers conflict with that
TEST_PACKAGES = ("clang-14", "doxygen", "libclang-rt-14-dev") + (
    ("lib32gcc-12-dev", "libc6-dev-i386") if platform.machine() == "x86_64" else ()
)

# a browser, in which a test reads the report as a person would
BROWSER_PACKAGES = ("chromium", "chromium-driver")


def missing_packages(wanted: Sequence[str]) -> list[str]:
    installed = installed_versions(wanted)
    return [package for package in wanted if package not in installed]


def install(packages: Sequence[str], step: Step) -> None:
    """Install `packages` as root, or by sudo when it asks for no password."""
    privileged: list[str] = []
    if os.geteuid() != 0:
        if not shutil.which("sudo") or not step.succeeds(["sudo", "-n", "true"]):
            raise ProvisionError(
                "not root, and sudo is not there or wants a password: ask an administrator for "
                f"apt-get install {' '.join(packages)}"
            )
        privileged = ["sudo", "-n"]
    # sudo drops the environment, and with it a proxy
    proxies = [f"{k}={v}" for k, v in os.environ.items() if k.lower().endswith("_proxy")]
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", *proxies]
    apt = [*privileged, *environment, "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    installation = [*apt, "install", "--no-install-recommends", *packages]
    step.say(f"installing {len(packages)} packages")
    try:
        step.run(installation, "Debian packages cannot be installed")
    except StepError:
        # the package lists may be empty, or name versions that the mirror has replaced
        step.say("package lists")
        step.run([*apt, "update"], "Debian's package lists cannot be had")
        step.say(f"installing {len(packages)} packages")
        step.run(installation, "Debian packages cannot be installed")


def fetch_sources(sources: Sequence[Source], into: Path, step: Step) -> None:
    """Download source packages and unpack the members that are used into `into`/<package>."""
    scratch = into / "apt"
    downloads = scratch / "downloads"
    for folder in ("lists/partial", "cache/archives/partial", "downloads"):
        (scratch / folder).mkdir(parents=True)
    configuration = _private_apt(scratch)
    apt = ["env", f"APT_CONFIG={configuration}", "apt-get", "-q"]

    step.say("lists of source packages")
    step.run([*apt, "update", "--error-on=any"], "Debian's source package lists cannot be had")
    packages = [source.package for source in sources]
    step.say(f"downloading {', '.join(packages)}")
    step.run(
        [*apt, "source", "--only-source", "--download-only", *packages],
        f"the Debian source packages {' '.join(packages)} cannot be had",
        cwd=downloads,
    )
    used = []
    for source in sources:
        step.say(f"unpacking {source.package}")
        used.append(_unpack(source, downloads, into / source.package, step))
    (into / "sources.txt").write_text("\n".join(used) + "\n")
    shutil.rmtree(scratch)


def _private_apt(scratch: Path) -> Path:
    sources = scratch / "debian.sources"
    lists = scratch / "debian.list"
    parts = scratch / "parts"
    parts.mkdir()
    deb822, one_line = source_entries(Path("/etc/apt"), _codename())
    if not deb822 and not one_line:
        raise ProvisionError("no Debian mirror is named in /etc/apt: sources cannot be downloaded")
    (parts / sources.name).write_text("\n\n".join(deb822) + "\n")
    (parts / lists.name).write_text("\n".join(one_line) + "\n")
    configuration = scratch / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::sourcelist "-";\n'
        f'Dir::Etc::sourceparts "{parts}";\n'
        f'Dir::State::lists "{scratch / "lists"}";\n'
        f'Dir::Cache "{scratch / "cache"}";\n'
        f'APT::Sandbox::User "";\n'
        f'Acquire::Languages "none";\n'
        f'Acquire::Retries "3";\n'
    )
    return configuration


def source_entries(apt: Path, codename: str) -> tuple[list[str], list[str]]:
    """The machine's Debian mirrors as deb-src entries of `RELEASE`: deb822 stanzas, and lines."""
    deb822, one_line = [], []
    for file in sorted(apt.glob("sources.list.d/*.sources")):
        text = "\n".join(x for x in file.read_text().splitlines() if not x.startswith("#"))
        for stanza in re.split(r"\n\s*\n", text.strip()):
            suites = re.search(r"^Suites:(.*)$", stanza, re.M | re.I)
            disabled = re.search(r"^Enabled:\s*no\b", stanza, re.M | re.I)
            if suites and not disabled and _is_debian(suites.group(1).split(), codename):
                wanted = f"Suites: {_of_release(suites.group(1).split())}"
                sources = re.sub(r"(?mi)^Types:.*$", "Types: deb-src", stanza)
                deb822.append(re.sub(r"(?mi)^Suites:.*$", wanted, sources))
    for file in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]:
        for line in file.read_text().splitlines() if file.is_file() else ():
            entry = re.match(r"\s*deb\s+((?:\[[^]]*\]\s+)?\S+)\s+(\S+)\s+(.*)", line)
            if entry and _is_debian([entry.group(2)], codename):
                mirror, suite, components = entry.groups()
                one_line.append(f"deb-src {mirror} {_of_release([suite])} {components}")
    return deb822, one_line


def _codename() -> str:
    release = Path("/etc/os-release").read_text()
    codename = re.search(r"^VERSION_CODENAME=\"?(\w+)", release, re.M)
    if not codename:
        raise ProvisionError("/etc/os-release names no Debian release")
    return codename.group(1)


def _is_debian(suites: Sequence[str], codename: str) -> bool:
    """Debian's own suites are the release and its updates; other repositories add other names."""
    names = (codename, f"{codename}-updates", f"{codename}-security", f"{codename}/updates")
    aliases = ("stable", "oldstable", "stable-security", "oldstable-security")
    return any(suite in names + aliases for suite in suites)


def _of_release(suites: Sequence[str]) -> str:
    """The same suites of the release that the recipes are for."""
    return " ".join(re.sub(r"^\w+", RELEASE, suite) for suite in suites)


def _unpack(source: Source, downloads: Path, into: Path, step: Step) -> str:
    """Unpack one package; answers with the line that records what was used."""
    dsc = _single(downloads, f"{source.package}_*.dsc")
    revision = dsc.name.removesuffix(".dsc").partition("_")[2]
    if not re.match(re.escape(source.version) + r"\b", revision):
        raise ProvisionError(
            f"{RELEASE} has {source.package} {revision}, the recipes are for {source.version}"
        )
    into.mkdir()
    archive = _single(downloads, f"{source.package}_*.orig.tar.[gx]z")
    if source.inner:
        step.run(
            ["tar", "-xf", archive, "-C", downloads, "--wildcards", "--strip-components=1",
             f"*/{source.inner}"],
            f"{archive.name} cannot be unpacked",
        )  # fmt: skip
        archive = _single(downloads, source.inner)
    members = [f"*/{member}" for member in source.members]
    step.run(
        ["tar", "-xf", archive, "-C", into, "--wildcards", "--no-wildcards-match-slash",
         "--no-anchored", "--strip-components=1", *members],
        f"{archive.name} cannot be unpacked",
    )  # fmt: skip
    if source.patched:
        debian = _single(downloads, f"{source.package}_*.debian.tar.*")
        step.run(["tar", "-xf", debian, "-C", into], f"{debian.name} cannot be unpacked")
        series = (into / "debian" / "patches" / "series").read_text()
        for name in (line.split()[0] for line in series.splitlines() if line[:1] not in "# "):
            step.run(
                ["patch", "-p1", "-s", "-d", into, "-i", into / "debian" / "patches" / name],
                f"patch {name} of {source.package} does not apply",
            )
    return f"{source.package} {revision}"


def _single(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise ProvisionError(f"expected one {pattern} in {folder}, found {len(found)}")
    return found[0]
