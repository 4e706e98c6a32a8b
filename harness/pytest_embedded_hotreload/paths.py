"""Where the parts of this project are that are not Python modules of this package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

#: The repository's checkout; where the package is installed, what of it came along.
ROOT = PACKAGE / "repository" if (PACKAGE / "repository").is_dir() else PACKAGE.parents[1]

#: The ESP-IDF component.
COMPONENT = ROOT / "component" / "hotreload"

#: The work-alike of ESP-IDF, laid out like it.
WORK_ALIKE = PACKAGE / "sim" / "idf"
