"""A place of a farm is a board that the harness knows, and what is wrong with one is one line."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ci.tests.pipelines import GITHUB, GITLAB
from pytest_embedded_hotreload.board.inventory import (
    BoardsFileError,
    load_boards,
)
from pytest_embedded_hotreload.farm.errors import FarmError
from pytest_embedded_hotreload.farm.options import parse_options
from pytest_embedded_hotreload.farm.places import (
    POWER,
    board_entry,
    parse_tags,
    show_tags,
    write_boards,
)
from tests.farm.conftest import PAGE

SERIAL: dict[str, dict[str, Any]] = {"NetworkSerialPort": {"host": "shelf.lan", "port": 4000}}
#: fields of a board as `boards.yaml` has them, and what they become
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "stub": st.sampled_from(["default", "legacy", "none"]),
        "flash_baud": st.sampled_from([115200, 921600]),
        "forward": st.dictionaries(st.integers(1, 9), st.sampled_from(["a:1", "b:65535"])),
        "sdkconfig": st.dictionaries(
            st.sampled_from(["CONFIG_A", "CONFIG_B2"]), st.sampled_from(["y", "7", "text"])
        ),
    },
)
NAMES = st.from_regex("[a-z][a-z0-9_]{1,6}", fullmatch=True)
TAGS = st.dictionaries(NAMES.filter(lambda key: key != "chip"), st.sampled_from(["yes", "no", "x"]))


def exported(fields: dict[str, Any]) -> dict[str, Any]:
    """As an exporter's file has them: labgrid hands on numbers and texts alone."""
    return {
        key: value if isinstance(value, (int, str)) else yaml.safe_dump(value)
        for key, value in fields.items()
    }


@given(
    fields=FIELDS,
    tags=TAGS,
    power=st.sampled_from(["", *sorted(POWER)]),
    chip=st.sampled_from([{}, {"chip": "esp32"}]),
)
def test_place_is_read_as_a_board(
    tmp_path_factory: pytest.TempPathFactory,
    fields: dict[str, Any],
    tags: dict[str, str],
    power: str,
    chip: dict[str, str],
) -> None:
    resources = {**SERIAL, "HotReloadBoard": exported(fields), **({power: {}} if power else {})}
    file = tmp_path_factory.mktemp("boards") / "boards.yaml"

    entry = board_entry("shelf", tags | chip, resources, ["/a b/labgrid-client", "power"])
    write_boards(file, [entry])

    (board,) = load_boards(file)
    assert (board.name, board.port, board.chip) == ("shelf", "rfc2217://shelf.lan:4000", "esp32")
    assert board.tags == {key for key, value in tags.items() if value == "yes"}
    assert board.power == ("'/a b/labgrid-client' power {state}" if power else "")
    assert {key: getattr(board, key) for key in fields} == fields


def test_place_without_a_port() -> None:
    with pytest.raises(FarmError, match=r"^place desk has no NetworkSerialPort: is its exporter"):
        board_entry("desk", {}, {"NetworkPowerPort": {}}, [])


def test_description_that_is_no_yaml() -> None:
    described = {"HotReloadBoard": {"forward": "{8080"}}
    with pytest.raises(FarmError, match=r"^place desk: HotReloadBoard.forward is '{8080': this is"):
        board_entry("desk", {}, SERIAL | described, [])


def test_description_with_a_mistake_is_told_as_in_a_file(tmp_path: Path) -> None:
    entry = board_entry("desk", {}, SERIAL | {"HotReloadBoard": {"stub": "newest"}}, [])
    with pytest.raises(BoardsFileError, match=r"boards\[0\].stub is 'newest': choose one of"):
        write_boards(tmp_path / "boards.yaml", [entry])


@given(tags=st.dictionaries(NAMES, NAMES))
def test_tags_are_read_as_they_are_shown(tags: dict[str, str]) -> None:
    assert parse_tags(show_tags(tags).split()) == tags


@pytest.mark.parametrize("word", ["esp32", "chip=", "=esp32", "="])
def test_word_that_is_no_tag(word: str) -> None:
    with pytest.raises(FarmError, match=f"^{word} is no tag: write TAG=VALUE, as in chip=esp32$"):
        parse_options(["chip=esp32", word])


def test_options_end_where_the_command_begins() -> None:
    command = ["pytest", "--count", "x", "--", "-k", "reload"]
    options = parse_options(["--count", "2", "--priority", "-1", "chip=esp32", "--", *command])
    assert (options.count, options.priority, options.tags) == (2, -1, {"chip": "esp32"})
    assert options.command == command


def test_commands_of_the_page_and_of_the_pipelines_are_taken() -> None:
    texts = [path.read_text() for path in (PAGE, *GITHUB, *GITLAB)]
    commands = [line for text in texts for line in re.findall(r"\bci/farm (.*)", text)]
    told = [shlex.split(line.partition("`")[0], comments=True) for line in commands]
    assert len(told) >= 8
    for words in told:
        assert parse_options(
            [word.replace("$TAGS", "chip=esp32") for word in words if "FARM" not in word]
        )


@pytest.mark.parametrize(
    "arguments", [["--count", "0"], ["--count", "-1"], ["--job", "a/b"], ["--job", ""], ["--wait"]]
)
def test_option_that_cannot_be(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_options([*arguments])
    assert f"ci/farm: error: argument {arguments[0]}: " in capsys.readouterr().err
