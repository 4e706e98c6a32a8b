"""What labgrid knows of a place, as a board of `boards.yaml`."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pytest_embedded_hotreload.board.inventory import read_boards
from pytest_embedded_hotreload.farm.errors import FarmError

Tags = Mapping[str, str]

SERIAL = "NetworkSerialPort"
#: our own class of resources, which labgrid hands on as it is: the fields of `boards.yaml` that
#: neither the port nor a tag tells; those that are lists or mappings are texts, which are YAML
BOARD = "HotReloadBoard"
#: what `labgrid-client power` can switch
POWER = frozenset(
    (
        *("NetworkPowerPort", "NetworkUSBPowerPort", "NetworkSiSPMPowerPort"),
        *("NetworkYKUSHPowerPort", "PDUDaemonPort", "TasmotaPowerPort"),
    )
)
#: the value of a tag that is one for the harness, too: `psram=yes` is the tag `psram` of a board
YES = "yes"


def parse_tags(words: Iterable[str]) -> dict[str, str]:
    """The tags of `chip=esp32 psram=yes`; raises `FarmError`."""
    tags = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals and value):
            raise FarmError(f"{word} is no tag: write TAG=VALUE, as in chip=esp32")
        tags[key] = value
    return tags


def show_tags(tags: Tags) -> str:
    """The inverse."""
    return " ".join(f"{key}={value}" for key, value in sorted(tags.items()))


def board_entry(
    name: str, tags: Tags, resources: Mapping[str, Mapping[str, Any]], switch: Iterable[str]
) -> dict[str, Any]:
    """The entry of a place in a file of boards.

    `resources` are the parameters of what the exporter gives, by class; `switch` is the command
    that switches the power of the place, without its last word. Raises `FarmError`.
    """
    if SERIAL not in resources:
        raise FarmError(
            f"place {name} has no {SERIAL}: is its exporter running, and does the place match it?"
        )
    serial = resources[SERIAL]
    entry = {
        "name": name,
        "port": f"rfc2217://{serial['host']}:{serial['port']}",
        "chip": tags.get("chip", "esp32"),
        "tags": sorted(key for key, value in tags.items() if value == YES),
        **{key: _field(name, key, value) for key, value in resources.get(BOARD, {}).items()},
    }
    if not POWER.isdisjoint(resources):
        entry["power"] = f"{shlex.join(switch)} {{state}}"
    return entry


def _field(place: str, key: str, value: Any) -> Any:
    try:
        return yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError as error:
        raise FarmError(f"place {place}: {BOARD}.{key} is {value!r}: this is no YAML") from error


def write_boards(file: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of boards, and read it as the run will; raises `BoardsFileError`."""
    file.write_text(yaml.safe_dump({"boards": list(entries)}, sort_keys=False))
    read_boards(file)
