"""Each job's commands do what the job is for, as far as this machine has what they need."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci.tests.pipelines import ROOT, github_jobs
from pytest_embedded_hotreload.sim.sdk import cache_root
from tests.stand_in.environment import stand_in_environment

#: it is for an empty container, where it needs root and a network
INSTALLS = re.compile(r"apt-get -q update && apt-get .* git$")
BOARDS = """
boards:
  - {name: desk, port: /nowhere/ttyUSB0}
  - {name: shelf, port: /nowhere/ttyUSB1}
"""


FAILS_FIRST = """
from pathlib import Path

def test_fails_first():
    mark = Path(__file__).with_suffix(".mark")
    first = not mark.exists()
    mark.touch()
    assert not first
"""


def without_esp_idf(path: str) -> str:
    """A PATH as it was before an `export.sh`."""
    folders = path.split(os.pathsep)
    return os.pathsep.join(f for f in folders if not (Path(f) / "idf.py").exists())


@dataclass(frozen=True)
class Runner:
    """A clone on a machine that has what `ci/setup` makes."""

    clone: Path
    cache: Path

    def run(self, job: str, narrowed: str = "", **environment: str) -> tuple[int, str]:
        """Run the commands of a job as GitHub does, `narrowed` by options of pytest."""
        commands = [text for text in github_jobs()[job].commands if not INSTALLS.search(text)]
        assert commands
        said = ""
        for command in commands:
            done = self.bash(command, PYTEST_ADDOPTS=narrowed, **environment)
            said += done.stdout
            if done.returncode:
                return done.returncode, said
        return 0, said

    def bash(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "IDF_"))}
        inherited["PATH"] = without_esp_idf(os.environ["PATH"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
            cwd=self.clone,
            env=inherited | {"HOTRELOAD_CACHE": str(self.cache)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A clone of its own: what a job leaves is not in the way of others."""
    unwanted = shutil.ignore_patterns("build", ".git", ".cache", ".*_cache", "__pycache__")
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=unwanted)
    cache = tmp_path / "cache"
    cache.mkdir()
    for kind in ("ccache", "farm", "lwip", "sdk", "sources", "venv"):
        (cache / kind).symlink_to(cache_root() / kind)
    return Runner(clone, cache)


def test_sim_is_what_this_very_run_is() -> None:
    assert github_jobs()["sim"].commands[1].startswith("ci/test --splits ")
    assert "/../ci/test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_esp32_builds_and_runs(runner: Runner) -> None:
    (row,) = github_jobs()["esp32"].description["strategy"]["matrix"]["include"]
    environment = {**stand_in_environment(), "OPTIONS": row["options"]}
    status, said = runner.run("esp32", "no-test-is-looked-for", **environment)

    assert status == 0, said
    for project in ("examples-basic/basic", "scenarios-firmware/scenarios"):
        assert (runner.clone / "build" / "esp32" / f"{project}.elf").is_file()
    assert not (runner.clone / "build" / "report").exists()

    status, said = runner.run("esp32", "examples", **environment | {"OPTIONS": ""})

    assert status == 0, said
    assert "hot reload, lane esp32" in said
    report = runner.clone / "build" / "report"
    assert (report / "index.html").is_file() and (report / "junit.xml").is_file()
    (kept,) = (report / "firmware").iterdir()
    assert (kept / "basic.elf").is_file()


@pytest.mark.parametrize("path", [None, "nowhere"])
def test_esp_idf_that_is_missing_is_said_in_one_line(runner: Runner, path: str | None) -> None:
    named = {"IDF_PATH": path} if path else {}
    for script in ("esp32", "board"):
        done = runner.bash(f"ci/{script}", **named)
        assert (done.returncode, done.stdout.count("\n")) == (1, 1)
        assert done.stdout.startswith(f"ci/{script}: no ESP-IDF in the environment: ")


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_fuzzers_keep_what_they_learn(runner: Runner) -> None:
    status, said = runner.run("fuzz", MINUTES="0")

    assert status == 0, said
    assert set(re.findall(r"^(\w+): \d+ executions", said, re.M)) == {
        "fuzz_image",
        "fuzz_relocations",
    }
    for target in (runner.clone / "build" / "fuzz").glob("fuzz_*"):
        assert any((target / "corpus").iterdir())


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_soak_goes_on_after_a_round_that_fails(runner: Runner) -> None:
    """The clock of this bash says after two rounds that the hour is over."""
    (runner.clone / "scenarios" / "test_rounds.py").write_text(FAILS_FIRST)
    clock = runner.clone / "clock"
    clock.write_text("trap '[ -e build/soak/2/junit.xml ] && SECONDS=3600' DEBUG\n")
    status, said = runner.run("soak", "-k test_fails_first", MINUTES="60", BASH_ENV=str(clock))

    assert status == 1, said
    assert re.search(r"^ci/soak: round 2, minute \d+ of 60, 1 failed$", said, re.M)
    assert said.endswith("ci/soak: 2 rounds, 1 failed, build/soak/1\n")
    for report in ("1", "2"):
        assert (runner.clone / "build" / "soak" / report / "junit.xml").is_file()


@pytest.mark.nightly
def test_farm_that_is_gone_fails_the_job(runner: Runner) -> None:
    if not (cache_root() / "farm").exists():
        pytest.skip("labgrid: run ci/setup --farm")
    status, said = runner.run("board", LG_COORDINATOR="127.0.0.1:1", TAGS="chip=esp32")

    assert status == 1
    (line,) = [line for line in said.splitlines() if not line.startswith("set-up: ")]
    assert line.startswith("ci/farm: the coordinator 127.0.0.1:1 does not answer: ")


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_board_that_is_missing_hides_no_other(runner: Runner) -> None:
    (runner.clone / "ci" / "boards.yaml").write_text(BOARDS)
    said = runner.bash("ci/board -k test_new_function_body", **stand_in_environment()).stdout

    for name, port in (("desk", "/nowhere/ttyUSB0"), ("shelf", "/nowhere/ttyUSB1")):
        assert f"board {name} ({port}): its port cannot be opened" in said
        assert re.search(rf"^ci/board: {name} +failed, status \d$", said, re.M)
    assert "Traceback" not in said


def test_mistake_in_the_boards_is_said(runner: Runner) -> None:
    (runner.clone / "ci" / "boards.yaml").write_text("boards: [{name: desk}]\n")
    done = runner.bash("ci/board", **stand_in_environment())

    assert done.returncode != 0
    assert "boards[0].port is missing" in done.stdout
    assert "Traceback" not in done.stdout
