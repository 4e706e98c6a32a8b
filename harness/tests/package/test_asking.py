"""The plugin does nothing in a project that has not asked for it, and needs no more than that."""

import subprocess
from collections.abc import Callable

import pytest

from tests.package.conftest import Project

ASKS = "[pytest]\nhotreload = true\n"
#: in an order that is not that of their ranks; names of fixtures are those of the plugin
UNRELATED = {
    "test_upload": "import pytest\n"
    "@pytest.fixture\ndef device(): return 'mine'\n"
    "def test_a(device): assert device == 'mine'\n",
    "test_relocation": "def test_b(): pass\ndef test_c(): pass\n",
}
DEVICES = """
import pytest
def test_default(device): pass
@pytest.mark.timeout(7)
def test_own(device): pass
@pytest.mark.timeout(7, func_only=False)
def test_with_fixtures(device): pass
def test_without_device(): pass
"""
PLUGIN = "pytest_embedded_hotreload"


def test_an_unrelated_project_notices_nothing(project: Project) -> None:
    project.write(**UNRELATED)
    without = project.known("-p", "no:hotreload", "-p", "no:randomly")
    beside = project.known("-p", "no:randomly")

    assert beside.pop("ini") == sorted([*without.pop("ini"), "hotreload"])
    new = set(beside.pop("modules")) - set(without.pop("modules"))
    assert new == {PLUGIN, f"{PLUGIN}.entry", f"{PLUGIN}.paths"}
    before, after = without.pop("path"), beside.pop("path")
    assert after[: len(before)] == before  # nothing comes first
    assert beside == without
    assert beside["tests"] == [
        "test_relocation.py::test_b",
        "test_relocation.py::test_c",
        "test_upload.py::test_a",
    ]
    assert project.pytest().returncode == 0


def in_pytest_ini(project: Project) -> None:
    project.write(pytest=ASKS)


def in_pyproject(project: Project) -> None:
    project.write(pyproject="[tool.pytest.ini_options]\nhotreload = true\n")


@pytest.mark.parametrize("ask", [in_pytest_ini, in_pyproject])
def test_a_project_asks_by_its_configuration(
    project: Project, ask: Callable[[Project], None]
) -> None:
    project.write(test_it=DEVICES)
    ask(project)

    known = project.known("--strict-markers", "-W", "error::pytest.PytestUnknownMarkWarning")

    ours = {name for name, module in known["fixtures"].items() if module.startswith(PLUGIN)}
    # those of pytest-embedded that the lane needs, too
    assert ours >= {"device", "build_module", "app_path", "pexpect_proc", "msg_queue", "cache_dir"}
    assert known["options"]["lane"] == "'sim'"
    markers = {line.partition("(")[0].partition(":")[0] for line in known["markers"]}
    assert markers >= {"firmware", "needs", "crashes", "icount"}


def test_a_conftest_asks_as_well(project: Project) -> None:
    project.write(test_it=DEVICES)

    known = project.known(plugins=f"['{PLUGIN}.plugin']")

    assert known["fixtures"]["app_path"] == f"{PLUGIN}.fixtures"


def test_asking_twice_is_asking(project: Project) -> None:
    project.write(test_it=DEVICES, pytest=ASKS)

    known = project.known(plugins=f"['{PLUGIN}.plugin']")

    assert known["fixtures"]["app_path"] == f"{PLUGIN}.fixtures"


@pytest.mark.parametrize(
    ("settings", "options", "expected"),
    [
        ("", [], {"timeout": 60.0}),
        ("timeout = 9\n", [], {}),
        ("", ["--timeout=9"], {}),
        ("", ["--lane=esp32"], {"timeout": 300.0}),
    ],
)
def test_the_body_of_a_test_of_a_device_has_a_limit(
    project: Project, settings: str, options: list[str], expected: dict[str, float]
) -> None:
    project.write(test_it=DEVICES, pytest=ASKS + settings)

    limits = project.known(*options)["timeouts"]

    assert limits == {
        "test_default": [[], {"func_only": True, **expected}],
        "test_own": [[7], {"func_only": True}],
        "test_with_fixtures": [[7], {"func_only": False}],
    }


def outcome(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "options",
    [[], ["-n2"], ["-p", "no:xdist"], ["-p", "no:randomly"], ["--import-mode=importlib"]],
    ids=lambda options: " ".join(options) or "plain",
)
def test_it_gets_along_with_other_plugins(project: Project, options: list[str]) -> None:
    project.write(
        pytest=ASKS,
        test_it="def test_it(lane, firmware_builder): assert lane.name == 'sim'\n",
    )

    done = project.pytest(*options)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in outcome(done)


def test_what_is_missing_is_one_line_with_its_command(project: Project) -> None:
    project.write(pytest=ASKS, test_it="def test_it(device): pass\n")

    done = project.pytest("-q", HOTRELOAD_CACHE=str(project.folder / "empty cache"))

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("ERROR: sdk is not in the cache")
    assert line.endswith(": run hotreload doctor --install")
