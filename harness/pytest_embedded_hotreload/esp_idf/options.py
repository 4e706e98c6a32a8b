"""The names of all options that a release of ESP-IDF from v5.0 on has, from a clone with its tags.

    cd harness/pytest_embedded_hotreload
    PYTHONPATH=.. python -m pytest_embedded_hotreload.esp_idf.options CLONE >esp_idf/options.txt

A file of settings is for several releases and for lanes whose ESP-IDF has but a part of them: what
the one at hand does not know is no mistake as long as another does.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

RELEASE = re.compile(r"v(?:[5-9]|\d\d)\.\d+(?:\.\d+)?")
DEFINED = re.compile(r"^[ \t]*(?:menu)?config[ \t]+(\w+)", re.MULTILINE)
RENAMED = re.compile(r"^CONFIG_(\w+)\s+!?CONFIG_\w+", re.MULTILINE)
#: what a chip has: in Kconfig files, but nothing that is set
CHIP = "SOC_"
FOLDERS = ("Kconfig", "components", "examples/common_components")
LIST = Path(__file__).with_name("options.txt")


def listed_options() -> set[str]:
    return set(LIST.read_text(encoding="utf-8").split())


def options_of(file: str, text: str) -> list[str]:
    """The names in a Kconfig file, or the former ones in a `sdkconfig.rename`."""
    return (RENAMED if file.startswith("sdkconfig.rename") else DEFINED).findall(text)


def options_of_releases(clone: Path) -> list[str]:
    releases = filter(RELEASE.fullmatch, _git(clone, "tag").split())
    files = {entry for release in releases for entry in _files(clone, release)}
    names = {name for blob, file in files for name in options_of(file, _git(clone, "show", blob))}
    return sorted(name for name in names if not name.startswith(CHIP))


def _files(clone: Path, release: str) -> Iterator[tuple[str, str]]:
    """Blob and name of each file with options."""
    for line in _git(clone, "ls-tree", "-r", release, ".").splitlines():
        entry, path = line.split("\t")
        folder, _, file = path.rpartition("/")
        own = not folder or path.startswith(FOLDERS)
        if own and "/test_apps/" not in path and file.startswith(("Kconfig", "sdkconfig.rename")):
            yield entry.split()[2], file


def _git(clone: Path, *arguments: str) -> str:
    command = ["git", "-C", str(clone), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    for option in options_of_releases(Path(sys.argv[1])):
        print(option)
