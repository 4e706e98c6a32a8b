"""The API reference can be made, and only when everything public is documented."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

COMPONENT = Path(__file__).resolve().parents[1]
HEADER = Path("include") / "hotreload.h"

pytestmark = pytest.mark.skipif(
    shutil.which("doxygen") is None, reason="doxygen is not installed: ci/setup --tests does it"
)


@pytest.fixture
def component(tmp_path: Path) -> Path:
    """A copy of what the reference is made from."""
    copy = tmp_path / "component"
    copy.mkdir()
    shutil.copyfile(COMPONENT / "Doxyfile", copy / "Doxyfile")
    shutil.copytree(COMPONENT / "include", copy / "include")
    return copy


def make_reference(component: Path, output: Path) -> subprocess.CompletedProcess[str]:
    output.mkdir()
    return subprocess.run(
        ["doxygen"],
        cwd=component,
        env={**os.environ, "DOCS_OUTPUT": str(output)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_reference_has_everything_public(tmp_path: Path) -> None:
    output = tmp_path / "docs"

    result = make_reference(COMPONENT, output)

    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    page = (output / "hotreload_8h.html").read_text(encoding="utf-8")
    for name in re.findall(r"\b(hotreload_\w+)\(", (COMPONENT / HEADER).read_text("utf-8")):
        assert name in page


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("\n/**\n * Stop the HTTP server.", "\n/*\n * Stop the HTTP server.", "server_stop"),
        (" * @param elf_size         its size\n", "", "elf_size"),
        ("uint16_t port;                   /**<", "uint16_t port;                   /*", "port"),
        (" * @return true while an update waits\n", "", "update_available"),
    ],
    ids=["function", "parameter", "field", "result"],
)
def test_what_is_not_documented_is_an_error(
    component: Path, tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    header = component / HEADER
    text = header.read_text(encoding="utf-8")
    assert text.count(old) == 1
    header.write_text(text.replace(old, new), encoding="utf-8")

    result = make_reference(component, tmp_path / "docs")

    assert result.returncode != 0
    assert "error: " in result.stderr
    assert complaint in result.stderr
