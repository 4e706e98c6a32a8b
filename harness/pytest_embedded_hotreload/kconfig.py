"""Options of a firmware's configuration: one that nobody knows is a mistake.

ESP-IDF drops a setting whose name it does not know without a word: a test that asks for it would
build another firmware than it means, and pass.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.esp_idf.options import LIST, listed_options, options_of

PREFIX = "CONFIG_"
SOURCED = re.compile(r'^source "(.+)"$', re.MULTILINE)
SET = re.compile(r"^(?:CONFIG_(\w+)=|# CONFIG_(\w+) is not set)", re.MULTILINE)
#: written by ESP-IDF into the build directory: the files of the components that are built
SOURCES = ("kconfigs.in", "kconfigs_projbuild.in")
RENAMES = "sdkconfig.rename*"


def check_options(files: Iterable[Path], build_dir: Path, environment: Mapping[str, str]) -> None:
    """Raise `HarnessError` for an option in `files` that neither a component nor a release has."""
    known: set[str] = set()
    for path in files:
        for name in map("".join, SET.findall(path.read_text(encoding="utf-8"))):
            known = known or known_options(build_dir, environment)
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"; is {PREFIX}{near[0]} meant?" if near else ""
                raise HarnessError(
                    f"{path} sets {PREFIX}{name}, which no Kconfig file of ESP-IDF or of the "
                    f"project has{hint} (an option of a newer release: add it to {LIST.name})"
                )


def known_options(build_dir: Path, environment: Mapping[str, str]) -> set[str]:
    """All that can be set in this build, and what other releases have."""
    names = listed_options()
    files: list[Path] = []
    if environment.get("IDF_PATH"):
        idf = Path(environment["IDF_PATH"])
        files += [idf / "Kconfig", *(idf / "components").rglob("Kconfig*")]
        files += [*idf.glob(RENAMES), *idf.glob(f"components/*/{RENAMES}")]
    for sources in SOURCES:
        for source in map(Path, SOURCED.findall(_text(build_dir / sources))):
            # what a component's file sources in turn lies beside it
            files += [source, *source.parent.glob("Kconfig*")]
    for file in dict.fromkeys(files):
        names.update(options_of(file.name, _text(file)))
    return names


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
