"""What makes up the firmware of a build, as far as a change of it has a name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .build import Build

# of the build directory
NEEDED = Path("hotreload", "firmware_link_options.txt")
OPTIONS = Path("config", "sdkconfig.json")

SHOWN = 3  # names of a kind


@dataclass(frozen=True)
class Firmware:
    exports: frozenset[str]  # functions of the module, which have a stub each
    needed: frozenset[str]  # what it keeps for the module alone
    options: Mapping[str, Any]  # of its configuration, without CONFIG_

    @staticmethod
    def of(build: Build) -> Firmware:
        """As it was built last; what cannot be read is left out."""
        return Firmware(
            frozenset(build.manifest.get("exports", ())),
            frozenset(line.rpartition("=")[2] for line in _text(build, NEEDED).splitlines()),
            json.loads(_text(build, OPTIONS) or "{}"),
        )


def what_changed(old: Firmware, new: Firmware) -> str:
    """What makes `new` another firmware than `old`."""
    found = [
        *_names("the module exports", new.exports - old.exports, "now"),
        *_names("the module no longer exports", old.exports - new.exports),
        *_names("the module needs", new.needed - old.needed, "of the firmware now"),
        *_names("the module no longer needs", old.needed - new.needed, "of the firmware"),
        *_names("", _options(old.options, new.options)),
    ]
    return "; ".join(found) or (
        "a source of the firmware has changed, or a header that the module shares with it"
    )


def _options(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        f"CONFIG_{name} is {_value(new.get(name))}, was {_value(old.get(name))}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _value(value: Any) -> str:
    if value is None or value is False:
        return "n"
    return "y" if value is True else str(value)


def _names(before: str, names: Iterable[str], behind: str = "") -> list[str]:
    """One sentence, or none."""
    found = sorted(names)
    more = [f"{len(found) - SHOWN} more"] if len(found) > SHOWN else []
    listed = ", ".join([*found[:SHOWN], *more])
    return [" ".join(filter(None, (before, listed, behind)))] if found else []


def _text(build: Build, path: Path) -> str:
    try:
        return (build.folder / path).read_text(encoding="utf-8")
    except OSError:
        return ""
