"""The server's page shows what the device runs, and takes a module that is dropped on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from selenium import webdriver

from pytest_embedded_hotreload.api import Device, Variant
from pytest_embedded_hotreload.browser import SIZES, Reader, chromium

__all__ = ["chromium"]  # a fixture

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(180)]

#: a browser on the same machine sends longer headers than one elsewhere
HEADERS = {"CONFIG_HTTPD_MAX_REQ_HDR_LEN": "1024"}
SIGNED = {**HEADERS, "CONFIG_HOTRELOAD_AUTH": "y", "CONFIG_HOTRELOAD_WEB_PAGE": "y"}


@pytest.fixture
def reader(chromium: webdriver.Chrome) -> Iterator[Reader]:
    """Of a page whose scripts make no mistake."""
    yield Reader(chromium)
    complaints: list[dict[str, str]] = chromium.get_log("browser")  # type: ignore[no-untyped-call]
    # what the device refuses, the browser reports as well
    assert [c for c in complaints if c["source"] != "network"] == []


def said(reader: Reader, text: str) -> None:
    """Wait until the page says what became of a module."""
    reader.until("return document.getElementById('said').textContent.includes(arguments[0])", text)


def shows(reader: Reader, text: str) -> None:
    """Wait until the page shows that of the device."""
    reader.until("return document.body.innerText.includes(arguments[0])", text)


def choose(reader: Reader, module: Path) -> None:
    reader.one("#file").send_keys(str(module))


@pytest.mark.firmware(config=HEADERS)
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_module_is_chosen_or_dropped(
    device: Device, variant: Variant, reader: Reader, size: tuple[int, int], tmp_path: Path
) -> None:
    reader.open(f"{device.client.url}/", size)
    shows(reader, "1, ")

    choose(reader, variant("answer_43").path)
    said(reader, "runs as module 2")
    assert device.probe.call("answer") == 43

    module = variant("changed_constant")
    reader.drop("#drop", "dropped.so", module.data)
    said(reader, "dropped.so runs as module 3")
    shows(reader, f"3, {len(module.data)} bytes")
    shows(reader, f"runs, {len(module.data)} bytes")  # in flash

    broken = tmp_path / "broken.so"
    broken.write_bytes(module.data[:-100])
    choose(reader, broken)
    reader.until("return document.querySelector('#said.bad')")
    refused = device.client.status()["last_error"]
    assert refused is not None
    assert reader.one("#said").text == refused["message"]
    assert device.client.status()["module"] == 3
    assert reader.ask("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.firmware(config=SIGNED)
def test_page_takes_a_module_that_is_signed_by_its_build(
    device: Device, variant: Variant, reader: Reader, tmp_path: Path
) -> None:
    """And nothing else: it has no key."""
    reader.open(f"{device.client.url}/", SIZES["desk"])

    choose(reader, variant("answer_43").path)
    said(reader, "runs as module 2")
    forged = tmp_path / "forged.so"
    forged.write_bytes(variant("changed_constant").data[:-4] + b"\x55\xaa\x55\xaa")
    choose(reader, forged)
    reader.until("return document.querySelector('#said.bad')")

    assert device.client.status()["module"] == 2
    assert requests.post(f"{device.client.url}/rollback", timeout=20).status_code == 401
