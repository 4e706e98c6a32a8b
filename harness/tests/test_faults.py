"""A fault is seeded into a copy, and only an assertion of the named test counts as caught."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import pytest_embedded_hotreload.faults
from pytest_embedded_hotreload.errors import HarnessError, MissingToolError, UnknownNameError
from pytest_embedded_hotreload.faults import (
    Fault,
    FaultNotCaught,
    FaultTree,
    assert_caught,
    fault_names,
)
from tests.conftest import NestedPytest

TEST = "scenarios/test_sum.py::test_sum"
PATCH = f"""Sums are differences.

Caught-by: {TEST}

--- a/component/sum.c
+++ b/component/sum.c
@@ -1,3 +1,3 @@
 int sum(int a, int b) {{
-    return a + b;
+    return a - b;
 }}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "component").mkdir(parents=True)
    (root / "component" / "sum.c").write_text("int sum(int a, int b) {\n    return a + b;\n}\n")
    (root / "component" / "other.c").write_text("int other;\n")
    (root / "component" / "build").mkdir()
    (root / "component" / "build" / "sum.o").write_text("object")
    (root / "scenarios" / "faults").mkdir(parents=True)
    (root / "scenarios" / "faults" / "minus.patch").write_text(PATCH)
    return root


def test_what_a_patch_says(repository: Path) -> None:
    fault = Fault.load(repository, "minus")

    assert fault_names(repository) == ["minus"]
    assert fault.summary == "Sums are differences."
    assert fault.caught_by == (TEST,)
    with pytest.raises(UnknownNameError, match="unknown fault 'plus': there are minus"):
        Fault.load(repository, "plus")


def test_patch_that_names_no_test(repository: Path) -> None:
    (repository / "scenarios" / "faults" / "minus.patch").write_text(PATCH.replace("Caught", "C"))

    with pytest.raises(HarnessError, match="does not say which test catches it"):
        Fault.load(repository, "minus")


def test_copy_has_the_fault_and_the_repository_has_not(repository: Path, tmp_path: Path) -> None:
    tree = FaultTree.seed(repository, "minus", tmp_path / "cache")

    copied = tree.seeded(repository / "component" / "sum.c")
    assert copied.is_relative_to(tmp_path / "cache" / "faults")
    assert "a - b" in copied.read_text()
    assert "a + b" in (repository / "component" / "sum.c").read_text()
    assert (copied.parent / "other.c").read_text() == "int other;\n"
    assert not (copied.parent / "build").exists()


def test_copy_follows_the_sources_and_stays_incremental(repository: Path, tmp_path: Path) -> None:
    tree = FaultTree.seed(repository, "minus", tmp_path / "cache")
    folder = tree.seeded(repository / "component")
    before = (folder / "sum.c").stat().st_mtime_ns

    (repository / "component" / "other.c").unlink()
    (repository / "component" / "new.c").write_text("int new;\n")
    FaultTree.seed(repository, "minus", tmp_path / "cache")

    assert sorted(path.name for path in folder.iterdir()) == ["new.c", "sum.c"]
    assert (folder / "sum.c").stat().st_mtime_ns == before


def test_patch_that_does_not_apply(repository: Path, tmp_path: Path) -> None:
    (repository / "component" / "sum.c").write_text("int sum;\n")

    with pytest.raises(HarnessError, match=r"minus\.patch does not apply"):
        FaultTree.seed(repository, "minus", tmp_path / "cache")


def test_patch_of_a_file_that_is_gone(repository: Path, tmp_path: Path) -> None:
    (repository / "component" / "sum.c").unlink()

    with pytest.raises(HarnessError, match=r"changes component/sum\.c, which does not exist"):
        FaultTree.seed(repository, "minus", tmp_path / "cache")


def record(nodeid: str = TEST, **failure: Any) -> dict[str, Any]:
    known = {"phase": "call", "error": "AssertionError", "assertion": True, "text": "assert 1 == 2"}
    known["headline"] = known["text"]
    return {
        "nodeid": nodeid,
        "seconds": 1.0,
        "outcome": "failed" if failure else "passed",
        "failure": {**known, **failure} if failure else None,
    }


CAUGHT = record(phase="call")
SKIPPED = {**record(f"{TEST}[c]"), "outcome": "skipped", "reason": "needs power-cut"}


@pytest.mark.parametrize(
    "records",
    [
        [CAUGHT],
        [CAUGHT, SKIPPED],
        [record(f"{TEST}[a]"), record(f"{TEST}[b]", phase="call")],
    ],
)
def test_caught(repository: Path, monkeypatch: pytest.MonkeyPatch, records: list[Any]) -> None:
    monkeypatch.setattr(pytest_embedded_hotreload.faults, "run_with_fault", lambda *_: records)

    assert_caught(repository, "minus", repository)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([record()], "passes with fault minus: Sums are differences"),
        ([record(), SKIPPED], "passes with fault minus"),
        ([], "does not run with fault minus"),
        ([record(f"{TEST}_other", phase="call")], "does not run with fault minus"),
        ([record(phase="setup")], "AssertionError in setup, where an assertion has to fail"),
        ([record(assertion=False, error="KeyError")], "KeyError in call, where an assertion"),
    ],
)
def test_not_caught(
    repository: Path, monkeypatch: pytest.MonkeyPatch, records: list[Any], message: str
) -> None:
    monkeypatch.setattr(pytest_embedded_hotreload.faults, "run_with_fault", lambda *_: records)

    with pytest.raises(FaultNotCaught, match=message):
        assert_caught(repository, "minus", repository)


@pytest.mark.parametrize(
    ("text", "caught"), [("E   sum is 3, not 5", True), ("E   it timed out", False)]
)
def test_headline_that_a_fault_asks_for(
    repository: Path, monkeypatch: pytest.MonkeyPatch, text: str, caught: bool
) -> None:
    patch = repository / "scenarios" / "faults" / "minus.patch"
    patch.write_text(PATCH.replace("\n--- a", r"Headline: sum is \d, not 5" + "\n\n--- a"))
    failed = {**record(phase="call", headline=text), "seconds": 0.25}
    monkeypatch.setattr(pytest_embedded_hotreload.faults, "run_with_fault", lambda *_: [failed])

    if caught:
        assert assert_caught(repository, "minus", repository) == [f"0.2 s: {text}"]
    else:
        with pytest.raises(FaultNotCaught, match=r"fails with 'E   it timed out', which does not"):
            assert_caught(repository, "minus", repository)


def test_lane_that_cannot_run_what_catches_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytest_embedded_hotreload.faults, "run_with_fault", lambda *_: [SKIPPED])

    with pytest.raises(pytest.skip.Exception, match=r"\[c\]: needs power-cut"):
        assert_caught(repository, "minus", repository)


def test_run_that_breaks_down(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_pytest(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 4, "ERROR: usage")

    monkeypatch.setattr(subprocess, "run", no_pytest)
    monkeypatch.setenv("HOTRELOAD_CACHE", str(tmp_path / "cache"))

    with pytest.raises(FaultNotCaught, match="did not run:\nERROR: usage"):
        assert_caught(repository, "minus", tmp_path)


def test_patch_program_that_is_missing(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingToolError, match="patch is not installed: run ci/setup"):
        FaultTree.seed(repository, "minus", tmp_path / "cache")


def test_build_that_breaks_down_is_no_failed_assertion(nested: NestedPytest) -> None:
    body = """
from pytest_embedded_hotreload.errors import BuildError

def test_builds():
    raise BuildError("module m", "m.c:1: error: no")

def test_asserts():
    pytest.fail("wrong")
"""
    nested.run(body, "--report-dir=report")

    records = json.loads((nested.folder / "report" / "results.json").read_text())
    told = {r["nodeid"].partition("::")[2]: r["failure"] for r in records}
    assert told["test_asserts"]["assertion"] is True
    assert told["test_builds"]["assertion"] is False
    assert told["test_builds"]["text"] == "module m does not build:\nm.c:1: error: no"
