"""The file of boards: what it may say, and that every mistake in it is one line."""

from pathlib import Path

import pytest

from pytest_embedded_hotreload.board.inventory import (
    Board,
    BoardsFileError,
    Wifi,
    load_boards,
    wifi_credentials,
)
from pytest_embedded_hotreload.board.inventory import boards_file as boards_file_of

WHOLE = """
boards:
  - name: desk
    port: /dev/ttyUSB0
    chip: esp32
    tags: [psram, desk]
    sdkconfig: {CONFIG_EXAMPLE_ETH_PHY_LAN87XX: y, CONFIG_EXAMPLE_ETH_PHY_ADDR: 1}
  - name: shelf
    port: rfc2217://shelf.lan:4000
    network: wifi
    wifi: {ssid: LAB_SSID, password: LAB_PASSWORD}
    forward: {8080: 127.0.0.1:5001}
    stub: none
    flash_baud: 115200
    power: "relay -n '3 4' {state}"
    gdb: shelf.lan:3333
"""


@pytest.fixture
def boards_file(tmp_path: Path) -> Path:
    path = tmp_path / "boards.yaml"
    path.write_text(WHOLE)
    return path


def test_all_that_a_file_can_say(boards_file: Path) -> None:
    desk, shelf = load_boards(boards_file)

    assert desk == Board(
        name="desk",
        port="/dev/ttyUSB0",
        tags=frozenset({"psram", "desk"}),
        sdkconfig={"CONFIG_EXAMPLE_ETH_PHY_LAN87XX": "y", "CONFIG_EXAMPLE_ETH_PHY_ADDR": "1"},
    )
    assert shelf == Board(
        name="shelf",
        port="rfc2217://shelf.lan:4000",
        network="wifi",
        wifi=Wifi("LAB_SSID", "LAB_PASSWORD"),
        forward={8080: "127.0.0.1:5001"},
        stub="none",
        flash_baud=115200,
        power="relay -n '3 4' {state}",
        gdb="shelf.lan:3333",
    )


def test_the_option_that_esptool_needs_is_known(tmp_path: Path) -> None:
    path = tmp_path / "boards.yaml"
    path.write_text("boards: [{name: a, port: 'rfc2217://shelf.lan:4000?ign_set_control'}]")

    assert load_boards(path)[0].port == "rfc2217://shelf.lan:4000"


def test_boards_are_chosen_by_tags(boards_file: Path) -> None:
    assert [board.name for board in load_boards(boards_file, ["psram", "desk"])] == ["desk"]
    assert [board.name for board in load_boards(boards_file, ["shelf"])] == ["shelf"]
    with pytest.raises(BoardsFileError, match=r"no board has the tags lab .*: there are desk, psr"):
        load_boards(boards_file, ["lab"])


def test_file_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the option, else by the environment, else the repository's."""
    monkeypatch.delenv("HOTRELOAD_BOARDS", raising=False)
    assert boards_file_of(None, tmp_path) == tmp_path / "ci" / "boards.yaml"
    monkeypatch.setenv("HOTRELOAD_BOARDS", "/farm/boards.yaml")
    assert boards_file_of(None, tmp_path) == Path("/farm/boards.yaml")
    assert boards_file_of("/mine.yaml", tmp_path) == Path("/mine.yaml")


def test_the_file_of_the_repository_describes_no_board(pytestconfig: pytest.Config) -> None:
    with pytest.raises(BoardsFileError, match="boards is empty: describe your boards"):
        load_boards(pytestconfig.rootpath / "ci" / "boards.yaml")


def test_the_example_in_the_comments_can_be_used(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    text = (pytestconfig.rootpath / "ci" / "boards.yaml").read_text()
    example = text[text.index("#   - name: desk") : text.index("boards: []")]
    path = tmp_path / "boards.yaml"
    path.write_text("boards:\n" + example.replace("\n#", "\n").removeprefix("#"))

    assert [board.name for board in load_boards(path)] == ["desk", "shelf"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "boards is None: write `boards:`"),
        ("boards: 7", "boards is {'boards': 7}: write `boards:`"),
        ("boards: [", "line 1, column 10: no YAML: "),
        ("boards: [\x00]", "no YAML: unacceptable character"),
        ("boards: [7]", "boards[0] is 7: a board is a mapping"),
        ("boards: [{port: /dev/a}]", "boards[0].name is missing: write a word"),
        ("boards: [{name: a}]", "boards[0].port is missing: write the board's serial port"),
        ("boards: [{name: a b, port: /dev/a}]", "boards[0].name is 'a b': write a word"),
        ("boards: [{name: a, port: 7}]", "boards[0].port is 7: write the board's serial port"),
        ("boards: [{name: a, port: 'socket://h:1'}]", "port is 'socket://h:1': a URL is rfc2217"),
        ("boards: [{name: a, port: 'rfc2217://h'}]", "port is 'rfc2217://h': a URL is rfc2217"),
        ("boards: [{name: a, port: 'rfc2217://h:0'}]", "'rfc2217://h:0': a URL is rfc2217"),
        ("boards: [{name: a, port: 'rfc2217://h:1?x'}]", "'rfc2217://h:1?x': a URL is rfc2217"),
        ("boards: [{name: a, port: p, chip: esp8266}]", "chip is 'esp8266': choose one of esp32"),
        ("boards: [{name: a, port: p, network: 4g}]", "network is '4g': choose one of ethernet"),
        ("boards: [{name: a, port: p, wifi: {pw: x}}]", "wifi is '...': write {ssid: VARIABLE"),
        ("boards: [{name: a, port: p, network: wifi}]", "`network: wifi` goes with `wifi: {ssid"),
        ("boards: [{name: a, port: p, tags: psram}]", "tags is 'psram': write a list"),
        ("boards: [{name: a, port: p, tags: [1]}]", "tags is 1: a tag has letters"),
        ("boards: [{name: a, port: p, forward: 1}]", "forward is 1: write {PORT"),
        ("boards: [{name: a, port: p, forward: {x: 'h:1'}}]", "forward is 'x': a port"),
        ("boards: [{name: a, port: p, forward: {1: h}}]", "forward[1] is 'h': write HOST:PORT"),
        ("boards: [{name: a, port: p, forward: {1: 'h:0'}}]", "forward[1] is 'h:0': write HOST"),
        ("boards: [{name: a, port: p, sdkconfig: [x]}]", "sdkconfig is ['x']: write {CONFIG"),
        ("boards: [{name: a, port: p, sdkconfig: {x: y}}]", "sdkconfig is 'x': settings are"),
        ("boards: [{name: a, port: p, sdkconfig: {CONFIG_X: []}}]", "sdkconfig.CONFIG_X is []"),
        ("boards: [{name: a, port: p, stub: 1}]", "stub is 1: choose one of default"),
        ("boards: [{name: a, port: p, flash_baud: 1}]", "flash_baud is 1: write a number of baud"),
        ("boards: [{name: a, port: p, power: relay}]", "power is 'relay': write the command that"),
        ("boards: [{name: a, port: p, power: 3}]", "power is 3: write the command that switches"),
        (
            'boards: [{name: a, port: p, power: "x \'{state}"}]',
            "with {state} for on and off: No closing quotation",
        ),
        ("boards: [{name: a, port: p, wfi: 1}]", "boards[0].wfi is 1: there are only name, port"),
        ("boards: [{name: a, port: p}, {name: a, port: q}]", "name is 'a': another board has"),
        ("boards: [{name: a, port: p}, {name: b, port: p}]", "port is 'p': another board has"),
    ],
)
def test_a_mistake_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "boards.yaml"
    path.write_text(text)

    with pytest.raises(BoardsFileError) as caught:
        load_boards(path)

    lines = str(caught.value).splitlines()
    assert len(lines) == 1 and lines[0].startswith(str(path)) and said in lines[0]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "boards.yaml"
    path.write_text("boards: [{name: a, port: 7, stub: x}, {name: '?', port: p}]")

    with pytest.raises(BoardsFileError) as caught:
        load_boards(path)

    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_a_file_that_cannot_be_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "boards.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\xff\xfe\xff")

    with pytest.raises(BoardsFileError) as caught:
        load_boards(path)

    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_credentials_come_from_the_environment() -> None:
    board = Board("shelf", "/dev/a", network="wifi", wifi=Wifi("LAB_SSID", "LAB_PASSWORD"))

    assert wifi_credentials(Board("desk", "/dev/b")) is None
    assert wifi_credentials(board, {"LAB_SSID": "lab", "LAB_PASSWORD": ""}) == ("lab", "")
    with pytest.raises(BoardsFileError, match=r"wifi.password names .* LAB_PASSWORD, which is not"):
        wifi_credentials(board, {"LAB_SSID": "lab"})
    with pytest.raises(BoardsFileError, match=r"LAB_SSID, whose value has a space") as caught:
        wifi_credentials(board, {"LAB_SSID": "my lab", "LAB_PASSWORD": "x"})
    assert "my lab" not in str(caught.value)


def test_a_credential_in_the_file_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "boards.yaml"
    path.write_text("boards: [{name: a, port: p, wifi: {ssid: LAB, password: 'hunter 2!'}}]")

    with pytest.raises(BoardsFileError, match=r"wifi.password is '...': write the name") as caught:
        load_boards(path)

    assert "hunter" not in str(caught.value)
