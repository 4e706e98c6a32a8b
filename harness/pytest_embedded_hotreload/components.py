"""The ESP-IDF components that a project needs, as this package has them."""

import shutil
from pathlib import Path

from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.paths import COMPONENT

#: what a firmware has, and what it has for its tests
NAMES = ("hotreload", "hotreload_probe")


def copy_components(folder: Path) -> list[Path]:
    """Copy the components into a project's folder `components`; what is there already stays.

    Raises `HarnessError` when one of them is there, and then copies none.
    """
    copies = [folder / name for name in NAMES]
    for copy in copies:
        if copy.exists():
            raise HarnessError(f"{copy} exists: remove it to have it copied again")
    for copy in copies:
        copy_component(copy)
    return copies


def copy_component(folder: Path) -> None:
    """Copy the component of the folder's name, without its tests. Raises `OSError`."""
    unwanted = shutil.ignore_patterns("*_test", "__pycache__", ".*")
    shutil.copytree(COMPONENT.parent / folder.name, folder, ignore=unwanted)
