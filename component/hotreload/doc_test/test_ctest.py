"""CTest runs the tests as well, by the commands of the README."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

COMPONENT = Path(__file__).resolve().parents[1]


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_the_readme_s_commands_run_the_tests(tmp_path: Path) -> None:
    readme = (COMPONENT / "README.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"^```\n(cmake -S .*?)^```$", readme, re.MULTILINE | re.DOTALL)
    (tmp_path / "component").symlink_to(COMPONENT.parent)

    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"100% tests passed, 0 tests failed out of (\d+)", done.stdout)
    assert passed and int(passed[1]) > 20
