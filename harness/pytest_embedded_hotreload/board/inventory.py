"""The boards there are: `ci/boards.yaml`, read and checked."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.paths import ROOT

CHIPS = ("esp32",)
NETWORKS = ("ethernet", "wifi")
#: esptool's current stub, the one it had before v5, or only what the chip's ROM can do
STUBS = ("default", "legacy", "none")
#: the environment variable that names a file of boards, as ci/farm sets it
BOARDS_VARIABLE = "HOTRELOAD_BOARDS"
RFC2217 = "rfc2217://"
#: in the command that switches the power: becomes `on` or `off`
STATE = "{state}"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SETTING = re.compile(r"CONFIG_[A-Z0-9_]+")
_ADDRESS = re.compile(r"([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):(\d+)")


class BoardsFileError(HarnessError):
    """A file of boards that cannot be used; one line for each mistake in it."""


@dataclass(frozen=True)
class Wifi:
    """The names of the environment variables that hold the credentials."""

    ssid: str
    password: str


@dataclass(frozen=True)
class Board:
    """One board, as the file describes it."""

    name: str
    port: str
    chip: str = "esp32"
    network: str = "ethernet"
    wifi: Wifi | None = None
    #: where the host reaches ports of a board behind port forwarding
    forward: Mapping[int, str] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    #: settings of the firmware that this board needs, such as those of its Ethernet PHY
    sdkconfig: Mapping[str, str] = field(default_factory=dict)
    #: which stub esptool runs on the board
    stub: str = "default"
    flash_baud: int = 460800
    #: the command that switches its power, with `STATE` for what to; empty where nothing does
    power: str = ""
    #: where OpenOCD waits for gdb
    gdb: str = "localhost:3333"

    def __str__(self) -> str:
        return f"board {self.name} ({self.port})"


def boards_file(named: str | None, root: Path) -> Path:
    """The file that a run uses: the one that was named (`--boards`), or that of the checkout."""
    return Path(named or os.environ.get(BOARDS_VARIABLE) or root / "ci" / "boards.yaml")


def read_boards(path: Path) -> list[Board]:
    """All boards of a file, perhaps none."""
    return _Reader(path).boards()


def load_boards(path: Path, tags: Sequence[str] = ()) -> list[Board]:
    """The boards of a file that have all of `tags`; the name of a board is one, too."""
    boards = read_boards(path)
    chosen = [board for board in boards if (board.tags | {board.name}).issuperset(tags)]
    if not boards:
        raise BoardsFileError(
            f"{path}: boards is empty: describe your boards as the comments in ci/boards.yaml say, "
            "or name another file by --boards"
        )
    if not chosen:
        known = ", ".join(sorted(set().union(*(board.tags | {board.name} for board in boards))))
        raise BoardsFileError(
            f"{path}: no board has the tags {', '.join(tags)} (--board-tag): there are {known}"
        )
    return chosen


def wifi_credentials(
    board: Board, environment: Mapping[str, str] = os.environ
) -> tuple[str, str] | None:
    """SSID and password of the board's network, from the environment; none for Ethernet."""
    if board.wifi is None:
        return None
    values = []
    for what, variable in (("ssid", board.wifi.ssid), ("password", board.wifi.password)):
        value = environment.get(variable)
        where = f"{board}: wifi.{what} names the environment variable {variable}"
        if value is None or (what == "ssid" and not value):
            raise BoardsFileError(f"{where}, which is not set: export it before the run")
        if re.search(r"\s", value):
            # example_connect() reads both from one line
            raise BoardsFileError(f"{where}, whose value has a space: ESP-IDF cannot take that")
        values.append(value)
    return values[0], values[1]


class _Reader:
    """One file; collects all mistakes before it complains."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mistakes: list[str] = []

    def boards(self) -> list[Board]:
        document = self._document()
        found = []
        if not isinstance(document, dict) or not isinstance(document.get("boards"), list):
            self._mistake("boards", document, "write `boards:` and a list of boards below it")
        else:
            self._unknown("", document, ("boards",))
            found = [
                board
                for index, entry in enumerate(document["boards"])
                if (board := self._board(f"boards[{index}]", entry)) is not None
            ]
            self._unique("name", found, lambda board: board.name)
            self._unique("port", found, lambda board: board.port)
        if self._mistakes:
            raise BoardsFileError("\n".join(self._mistakes))
        return found

    def _document(self) -> Any:
        try:
            return yaml.safe_load(self._path.read_text())
        except FileNotFoundError as error:
            raise BoardsFileError(
                f"{self._path} does not exist: describe your boards in it (ci/boards.yaml shows "
                "how), or name another file by --boards"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise BoardsFileError(f"{self._path} cannot be read: {error}") from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            at = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise BoardsFileError(f"{self._path}{at}: no YAML: {error.problem}") from error
        except yaml.YAMLError as error:
            text = " ".join(str(error).split())
            raise BoardsFileError(f"{self._path}: no YAML: {text}") from error

    def _board(self, where: str, entry: Any) -> Board | None:
        if not isinstance(entry, dict):
            self._mistake(where, entry, "a board is a mapping with at least name and port")
            return None
        before = len(self._mistakes)
        self._unknown(where, entry, _FIELDS)
        values = {}
        for name, parse in _FIELDS.items():
            if name not in entry:
                if name in ("name", "port"):
                    self._mistakes.append(f"{self._path}: {where}.{name} is missing: {_HELP[name]}")
                continue
            try:
                values[name] = parse(entry[name])
            except _WrongValue as error:
                self._mistake(f"{where}.{name}{error.below}", error.value, error.remedy)
        if len(self._mistakes) > before:
            return None
        board = Board(**values)
        if (board.network == "wifi") != (board.wifi is not None):
            self._mistake(
                f"{where}.network",
                board.network,
                "`network: wifi` goes with `wifi: {ssid: VARIABLE, password: VARIABLE}`, and "
                "`network: ethernet` without it",
            )
        return board

    def _unknown(
        self, where: str, mapping: dict[Any, Any], known: Mapping[str, Any] | tuple[str]
    ) -> None:
        for key in mapping:
            if key not in known:
                field_name = f"{where}.{key}" if where else str(key)
                self._mistake(field_name, mapping[key], f"there are only {', '.join(known)}")

    def _unique(self, what: str, boards: Sequence[Board], key: Callable[[Board], str]) -> None:
        seen: set[str] = set()
        for board in boards:
            if key(board) in seen:
                self._mistake(what, key(board), "another board has the same: it has to be unique")
            seen.add(key(board))

    def _mistake(self, where: str, value: Any, remedy: str) -> None:
        self._mistakes.append(f"{self._path}: {where} is {_short(value)}: {remedy}")


class _WrongValue(Exception):  # noqa: N818 - becomes one line of a BoardsFileError
    """A value that its field cannot have; `below` names the part of the field."""

    def __init__(self, value: Any, remedy: str, below: str = "") -> None:
        super().__init__(remedy)
        self.value = value
        self.remedy = remedy
        self.below = below


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _matching(pattern: re.Pattern[str], remedy: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _WrongValue(value, remedy)
        return value

    return parse


def _one_of(known: Sequence[str]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in known:
            raise _WrongValue(value, f"choose one of {', '.join(known)}")
        return str(value)

    return parse


def _port(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _WrongValue(value, _HELP["port"])
    if "://" not in value:
        return value
    # the option that esptool's documentation has, and that no port needs here
    address = value.removeprefix(RFC2217).removesuffix("?ign_set_control")
    found = _ADDRESS.fullmatch(address)
    if not value.startswith(RFC2217) or not found or not _is_port(int(found[2])):
        raise _WrongValue(
            value,
            "a URL is rfc2217://HOST:PORT, since no other kind hands on the reset lines",
        )
    return f"{RFC2217}{address}"


def _wifi(value: Any) -> Wifi:
    if not isinstance(value, dict) or set(value) != {"ssid", "password"}:
        # not shown: it may hold the credentials themselves
        raise _WrongValue("...", "write {ssid: VARIABLE, password: VARIABLE}")
    names = {}
    for key, variable in value.items():
        if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
            raise _WrongValue(
                "...", "write the name of an environment variable that holds it", f".{key}"
            )
        names[key] = variable
    return Wifi(**names)


def _forward(value: Any) -> dict[int, str]:
    if not isinstance(value, dict):
        raise _WrongValue(value, "write {PORT OF THE BOARD: HOST:PORT}")
    for port, target in value.items():
        if not _is_port(port):
            raise _WrongValue(port, "a port of the board is a number from 1 to 65535")
        found = _ADDRESS.fullmatch(target) if isinstance(target, str) else None
        if not found or not _is_port(int(found[2])):
            raise _WrongValue(target, "write HOST:PORT, as in 127.0.0.1:5001", f"[{port}]")
    return value


def _tags(value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise _WrongValue(value, "write a list, as in [psram, desk]")
    for tag in value:
        if not isinstance(tag, str) or not _NAME.fullmatch(tag):
            raise _WrongValue(tag, "a tag has letters, digits, and _ . - between them")
    return frozenset(value)


def _sdkconfig(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _WrongValue(value, "write {CONFIG_NAME: value}")
    return dict(_settings(value))


def _settings(value: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    for key, setting in value.items():
        if not isinstance(key, str) or not _SETTING.fullmatch(key):
            raise _WrongValue(key, "settings are called CONFIG_...")
        if isinstance(setting, bool):
            yield key, "y" if setting else "n"
        elif isinstance(setting, (str, int)) and "\n" not in str(setting):
            yield key, str(setting)
        else:
            raise _WrongValue(setting, "a setting is one word, number or text", f".{key}")


def _baud(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 9600 <= value <= 4_000_000:
        raise _WrongValue(value, "write a number of baud, as in 460800")
    return value


def _power(value: Any) -> str:
    remedy = f"write the command that switches its power, with {STATE} for on and off"
    if not isinstance(value, str) or STATE not in value:
        raise _WrongValue(value, remedy)
    try:
        shlex.split(value)
    except ValueError as error:
        raise _WrongValue(value, f"{remedy}: {error}") from error
    return value


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


_HELP = {
    "name": "write a word by which people know the board",
    "port": "write the board's serial port, as in /dev/ttyUSB0 or rfc2217://HOST:PORT",
}
_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": _matching(_NAME, _HELP["name"]),
    "port": _port,
    "chip": _one_of(CHIPS),
    "network": _one_of(NETWORKS),
    "wifi": _wifi,
    "forward": _forward,
    "tags": _tags,
    "sdkconfig": _sdkconfig,
    "stub": _one_of(STUBS),
    "flash_baud": _baud,
    "power": _power,
    "gdb": _matching(_ADDRESS, "write HOST:PORT of OpenOCD, as in localhost:3333"),
}


def main() -> int:
    """Print the names of all boards, for ci/board; or what is wrong with their file."""
    try:
        for board in read_boards(boards_file(None, ROOT)):
            print(board.name)
    except BoardsFileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
