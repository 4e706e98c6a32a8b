"""The server has a page for browsers, which needs nothing of any other place."""

import gzip

import pytest
import requests

from pytest_embedded_hotreload.api import Device
from scenarios.test_messages import ROOT

PAGE = ROOT / "component" / "hotreload" / "src" / "server" / "page.html"


def test_page_is_what_was_written_and_needs_nothing_else(device: Device) -> None:
    answer = requests.get(f"{device.client.url}/", stream=True, timeout=20)
    packed = answer.raw.read(decode_content=False)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers.get("Content-Encoding") == "gzip"
    assert gzip.decompress(packed) == PAGE.read_bytes()
    assert "default-src 'none'" in answer.headers.get("Content-Security-Policy", "")


@pytest.mark.firmware(config={"CONFIG_HOTRELOAD_WEB_PAGE": "n"})
def test_without_a_page_there_is_an_answer_for_programs(device: Device) -> None:
    answer = requests.get(f"{device.client.url}/", timeout=20)

    assert answer.status_code == 404
    assert answer.json()["error"] == "HOTRELOAD_ERR_ENDPOINT"
