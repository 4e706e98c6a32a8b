"""Tests come in an order that explains: causes first, what failed last time before all."""

import re

from tests.conftest import NestedPytest

TEST = "def test_a(): pass\ndef test_b(): pass\n"
NAMES = ["upload", "state", "other", "stub_signatures", "hooks", "relocation", "reload"]


def order(nested: NestedPytest, *options: str) -> list[str]:
    """The tests that a run has run, in this order."""
    for name in NAMES:
        (nested.folder / f"test_{name}.py").write_text(TEST)
    cache = f"cache_dir={nested.folder / 'cache'}"
    names = [f"test_{name}.py" for name in NAMES]
    output = nested.run_files(*names, "-v", "-o", cache, *options).stdout
    return re.findall(r"^test_(\w+\.py::test_\w) (?:PASSED|FAILED)", output, re.MULTILINE)


def test_what_explains_comes_first(nested: NestedPytest) -> None:
    expected = ["relocation", "reload", "stub_signatures", "hooks", "state", "upload", "other"]

    ran = order(nested)

    assert ran == [f"{name}.py::test_{test}" for name in expected for test in "ab"]


def test_what_failed_last_time_comes_before_all(nested: NestedPytest) -> None:
    order(nested)
    cache = nested.folder / "cache" / "v" / "cache"
    (cache / "lastfailed").write_text('{"test_other.py::test_b": true, "test_hooks.py::test_b": 1}')

    assert order(nested)[:3] == ["hooks.py::test_b", "other.py::test_b", "relocation.py::test_a"]


def test_random_order_on_request(nested: NestedPytest) -> None:
    assert order(nested, "--randomly-seed=4") != order(nested, "--randomly-seed=5")


def test_xdist_keeps_the_order(nested: NestedPytest) -> None:
    ran = nested.run_files(
        "test_order_1.py",
        "-n2",
        files={
            "test_order_1.py": "import pytest\n@pytest.mark.parametrize('n', range(12))\n"
            "def test_it(n, tmp_path_factory):\n"
            "    folder = tmp_path_factory.getbasetemp().parent\n"
            "    assert n < 4 + len(list(folder.glob('ran*')))\n"
            "    (folder / f'ran{n}').write_text('')\n",
        },
    )

    assert "12 passed" in ran.stdout, ran.stdout


def test_two_processes_begin_with_firmwares_of_two_folders(nested: NestedPytest) -> None:
    test = "import pytest\n@pytest.fixture\ndef firmware(): pass\n"
    test += "def test_a(): pass\ndef test_b(firmware): pass\ndef test_c(firmware): pass\n"
    for folder in ("one", "two"):
        (nested.folder / folder).mkdir()
        (nested.folder / folder / "test_it.py").write_text(test)

    ran = nested.run_files("one", "two", "-n1", "-v").stdout

    passed = re.findall(r"PASSED (\w+)/test_it.py::test_(\w)", ran)
    rest = [("one", "c"), ("two", "a"), ("two", "c")]
    assert passed == [("one", "a"), ("one", "b"), ("two", "b"), *rest], ran


def test_faults_of_one_scenario_go_to_one_process(nested: NestedPytest) -> None:
    faults = nested.folder / "scenarios" / "faults"
    faults.mkdir(parents=True)
    names = [f"{scenario}_{number}" for number in range(4) for scenario in ("hooks", "state")]
    for name in names:
        caught_by = f"scenarios/test_{name.partition('_')[0]}.py::test_{name}"
        (faults / f"{name}.patch").write_text(f"Something.\n\nCaught-by: {caught_by}\n")

    ran = nested.run_files(
        "test_faults.py",
        "-n2",
        "-v",
        files={
            "test_faults.py": "import pytest\n"
            f"@pytest.mark.parametrize('fault', {names})\n"
            "def test_fault_is_caught(fault): pass\n"
        },
    )

    passed = set(re.findall(r"\[(gw\d)\].* PASSED .*\[(\w+?)_\d\]", ran.stdout))
    assert sorted(scenario for _, scenario in passed) == ["hooks", "state"], ran.stdout
