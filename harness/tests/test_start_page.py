"""The first reload of the documents' start leads to its end."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_embedded_hotreload.sim.sdk import cache_root

ROOT = Path(__file__).resolve().parents[2]


def typed(shell: str) -> str:
    """What the page types in a shell."""
    page = (ROOT / "docs" / "index.md").read_text()
    (text,) = re.findall(rf'^```console title="{shell}.*?\n(.*?)^```$', page, re.M | re.DOTALL)
    return str(text)


@contextmanager
def running(commands: str, home: Path) -> Iterator["subprocess.Popen[str]"]:
    """A shell that is ended by Ctrl-C, with all that runs in it."""
    process = subprocess.Popen(
        ["bash", "-euc", commands],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), "HOTRELOAD_CACHE": str(cache_root())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()


def wait_for(line: str, process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    seen = []
    for shown in process.stdout:
        if shown.strip() == line:
            return
        seen.append(shown)
    pytest.fail(f"{line!r} has not come:\n{''.join(seen)}", pytrace=False)


@pytest.mark.timeout(300)
def test_the_start_leads_to_another_greeting(tmp_path: Path) -> None:
    with running(typed("in a clone"), tmp_path) as board:
        wait_for("Hello, world", board)
        with running(typed("in another shell"), tmp_path):
            wait_for("Hello again", board)
