"""The example on a device: its own Unity tests, and modules that are sent to it over HTTP.

`dut` is pytest-embedded's. `device_url` is the base URL of the device's server, such as
`http://192.168.1.100:8080`; README.md says where it comes from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

TIMEOUT = 30


@pytest.fixture
def module(dut: Any) -> bytes:
    """The module as it was built, once the device has it loaded."""
    dut.expect_exact('greeting is now "Hello", 2 + 3 is 5', timeout=TIMEOUT)
    return (Path(dut.app.binary_path) / "reloadable_stripped.so").read_bytes()


def with_greeting(module: bytes, greeting: bytes) -> bytes:
    """The module with another greeting: a change that needs no compiler."""
    assert module.count(b"Hello\0") == 1
    assert len(greeting) == len(b"Hello")
    return module.replace(b"Hello\0", greeting + b"\0")


def session() -> requests.Session:
    """Without the proxies and passwords that the environment has for other addresses."""
    session = requests.Session()
    session.trust_env = False
    return session


def post(url: str, **body: Any) -> requests.Response:
    return session().post(url, timeout=TIMEOUT, **body)


def test_loader(dut: Any) -> None:
    dut.run_all_single_board_cases(timeout=TIMEOUT)


def test_an_upload_replaces_the_module(dut: Any, device_url: str, module: bytes) -> None:
    answer = post(
        f"{device_url}/upload-and-reload", files={"file": with_greeting(module, b"Howdy")}
    )
    assert answer.status_code == 200, answer.text
    dut.expect_exact("the module is about to be replaced", timeout=TIMEOUT)
    dut.expect(r"HR \d+ \d+ switch module=2", timeout=TIMEOUT)
    dut.expect_exact("the module has been replaced", timeout=TIMEOUT)
    dut.expect_exact('greeting is now "Howdy", 2 + 3 is 5', timeout=TIMEOUT)


def test_upload_and_reload_can_be_two_steps(dut: Any, device_url: str, module: bytes) -> None:
    answer = post(
        f"{device_url}/upload",
        data=with_greeting(module, b"Salut"),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code == 200, answer.text
    answer = post(f"{device_url}/reload")
    assert answer.status_code == 200, answer.text
    dut.expect_exact('greeting is now "Salut"', timeout=TIMEOUT)


def test_a_broken_upload_changes_nothing(dut: Any, device_url: str, module: bytes) -> None:
    answer = post(f"{device_url}/upload-and-reload", files={"file": module[: len(module) // 2]})
    assert 400 <= answer.status_code < 500, answer.text
    assert "HOTRELOAD_ERR_" in answer.text
    answer = post(
        f"{device_url}/upload-and-reload", files={"file": with_greeting(module, b"Hallo")}
    )
    assert answer.status_code == 200, answer.text
    dut.expect_exact('greeting is now "Hallo"', timeout=TIMEOUT, not_matching="Guru Meditation")


def test_status_is_answered(device_url: str, module: bytes) -> None:
    answer = session().get(f"{device_url}/status", timeout=TIMEOUT)
    assert answer.status_code == 200, answer.text
    assert isinstance(answer.json(), dict)
