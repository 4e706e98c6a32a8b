"""A run of benchmarks leaves what it has measured: tables, JSON, and a page."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHMARK = """
def bench_{name}(compare, rounds):
    found = compare("two ways", "s", "bytes")
    for number in range(rounds):
        found.add("copying", "slow", 10 + number ** 2, 1000)
        found.add("copying", "fast", 5 - number, 1000)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name in ("copy", "other"):
        (tmp_path / f"bench_{name}.py").write_text(BENCHMARK.format(name=name))
    return tmp_path


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    paths = [ROOT, ROOT / "harness", ROOT / "component" / "hotreload" / "tools"]
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "pytest_embedded_hotreload.plugin"),
            *("-p", "benchmarks.plugin", "-o", "python_files=bench_*.py"),
            *("-o", "python_functions=bench_*", "--results", str(folder / "results"), *options),
        ],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
        },
        capture_output=True,
        text=True,
    )


def test_only_one_in_some_rounds(folder: Path) -> None:
    done = run(folder, "--only", "copy", "--rounds", "3")
    assert done.returncode == 0, done.stdout + done.stderr

    results = json.loads((folder / "results" / "results.json").read_text())
    assert (results["schema"], results["lane"], results["rounds"]) == (1, "sim", 3)
    assert results["comparisons"] == [
        {
            "benchmark": "copy",
            "title": "two ways",
            "unit": "s",
            "size": "bytes",
            "rows": [
                {
                    "case": "copying",
                    "size": 1000,
                    "ways": {
                        "slow": {"median": 11, "low": 10, "high": 14, "values": [10, 11, 14]},
                        "fast": {"median": 4, "low": 3, "high": 5, "values": [5, 4, 3]},
                    },
                }
            ],
        }
    ]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines()]
    assert ["copying", "1,000", "slow", "11", "10", "14", "2.75"] in cells
    page = (folder / "results" / "index.html").read_text()
    assert "<h2>copy: two ways</h2>" in page
    assert "copying, slow" in page
    assert 'src="http' not in page


def test_all_unless_one_is_named(folder: Path) -> None:
    done = run(folder)
    results = json.loads((folder / "results" / "results.json").read_text())
    assert done.returncode == 0, done.stdout + done.stderr
    assert [one["benchmark"] for one in results["comparisons"]] == ["copy", "other"]
    assert len(results["comparisons"][0]["rows"][0]["ways"]["slow"]["values"]) == 5


def test_one_that_takes_hours_runs_when_it_is_named(folder: Path) -> None:
    benchmark = folder / "bench_other.py"
    marked = "import pytest\n\n@pytest.mark.nightly" + benchmark.read_text()
    benchmark.write_text(marked)
    for options, names in (((), ["copy"]), (("--only", "other"), ["other"])):
        done = run(folder, "-W", "ignore::pytest.PytestUnknownMarkWarning", *options)
        results = json.loads((folder / "results" / "results.json").read_text())
        assert done.returncode == 0, done.stdout + done.stderr
        assert [one["benchmark"] for one in results["comparisons"]] == names


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--only", "nothing"), "--only nothing: no such benchmark, there are copy, other"),
        (("--rounds", "0"), "argument --rounds: wants a number from 1 on, not '0'"),
    ],
)
def test_wrong_call_is_told(folder: Path, options: tuple[str, ...], told: str) -> None:
    done = run(folder, *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert told in done.stderr


def test_each_benchmark_is_found_and_described() -> None:
    """And `ci/bench` finds nothing else."""
    files = [path.stem for path in (ROOT / "benchmarks").glob("bench_*.py")]
    text = (ROOT / "benchmarks" / "README.md").read_text()
    table = text.partition("| benchmark |")[2].partition("\n\n")[0]
    described = re.findall(r"^\| `(\w+)` \|", table, re.M)
    names = [f"--only={name}" for name in described]
    done = subprocess.run(
        [ROOT / "ci" / "bench", "--collect-only", "-qq", *names],
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    found = re.findall(r"^benchmarks/bench_(\w+)\.py: \d+$", done.stdout, re.M)
    assert (done.returncode, sorted(described)) == (0, sorted(found)), done.stderr
    assert sorted(files) == [f"bench_{name}" for name in sorted(described)]
