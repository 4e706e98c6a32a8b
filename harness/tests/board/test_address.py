"""The address of a device in its log."""

import pytest

from pytest_embedded_hotreload.board.address import find_address


@pytest.mark.parametrize(
    "line",
    [
        "I (2398) esp_netif_handlers: example_netif_eth ip: 10.0.2.15, mask: 255.255.255.0, "
        "gw: 10.0.2.2",
        "I (4212) esp_netif_handlers: sta ip: 10.0.2.15, mask: 255.255.255.0, gw: 10.0.2.2",
        '\x1b[0;32mI (2398) example_connect: Got IPv4 event: Interface "example_netif_eth" '
        "address: 10.0.2.15\x1b[0m",
        "I (2408) example_common: - IPv4 address: 10.0.2.15,",
    ],
    ids=["ethernet", "wifi", "event", "summary"],
)
def test_lines_of_esp_idf(line: str) -> None:
    assert find_address(["I (10) boot: 1.2.3.4", line, "I (3000) main: done"]) == "10.0.2.15"


def test_the_newest_one_counts() -> None:
    lines = ["- IPv4 address: 10.0.0.1,", "rst:0x1 (POWERON_RESET)", "- IPv4 address: 10.0.0.2,"]
    assert find_address(lines) == "10.0.0.2"


def test_none() -> None:
    assert find_address(["I (0) boot: ESP-IDF v5.1", "gw: 10.0.2.2"]) is None
