"""Options of a firmware's configuration: one that nobody knows is a mistake.

ESP-IDF drops a setting whose name it does not know without a word: a test that asks for it would
build another firmware than it means, and pass.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.errors import HarnessError

PREFIX = "CONFIG_"
DEFINED = re.compile(r"^[ \t]*(?:menu)?config[ \t]+(\w+)", re.MULTILINE)
SOURCED = re.compile(r'^source "(.+)"$', re.MULTILINE)
#: `CONFIG_X=value` and `# CONFIG_X is not set`
SET = re.compile(r"^(?:# )?CONFIG_(\w+)(?:=| is not set)", re.MULTILINE)
RENAMED = re.compile(r"^CONFIG_(\w+)\s+!?CONFIG_\w+", re.MULTILINE)
#: written by ESP-IDF into the build directory: the files of the components that are built
SOURCES = ("kconfigs.in", "kconfigs_projbuild.in")
#: options that settings of ours have for releases of ESP-IDF, or for lanes, that know them
ELSEWHERE = Path(__file__).with_name("esp_idf") / "options.txt"


def check_options(files: Iterable[Path], build_dir: Path, environment: Mapping[str, str]) -> None:
    """Raise `HarnessError` for options in `files` that are neither ESP-IDF's nor a component's."""
    known: set[str] = set()
    for path in files:
        for name in SET.findall(path.read_text(encoding="utf-8")):
            known = known or known_options(build_dir, environment)
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"; is {PREFIX}{near[0]} meant?" if near else ""
                raise HarnessError(
                    f"{path} sets {PREFIX}{name}, which no Kconfig file of ESP-IDF or of the "
                    f"project has{hint} (an option of another release: add it to {ELSEWHERE.name})"
                )


def known_options(build_dir: Path, environment: Mapping[str, str]) -> set[str]:
    """All that could be set in this build, and what other releases have."""
    names = set(ELSEWHERE.read_text(encoding="utf-8").split())
    kconfigs: list[Path] = []
    if environment.get("IDF_PATH"):
        idf = Path(environment["IDF_PATH"])
        kconfigs += [idf / "Kconfig", *(idf / "components").rglob("Kconfig*")]
        for path in [*idf.glob("sdkconfig.rename*"), *idf.glob("components/*/sdkconfig.rename*")]:
            names.update(RENAMED.findall(_text(path)))
    for listed in SOURCES:
        kconfigs += map(Path, SOURCED.findall(_text(build_dir / listed)))
    # what a component's file sources in turn lies beside it
    for path in dict.fromkeys(kconfigs):
        for file in {path, *path.parent.glob("Kconfig*")}:
            names.update(DEFINED.findall(_text(file)))
    return names


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
