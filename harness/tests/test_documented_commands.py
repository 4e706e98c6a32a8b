"""Each command that a document tells to type is run by a test, and takes its options."""

import ast
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci.tests.pipelines import github_jobs

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "component" / "hotreload" / "README.md",
    ROOT / "examples" / "basic" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

EXPORT = "harness/pytest_embedded_hotreload/sim/idf/export.sh"

#: what runs a command, by the first pattern that is all of it: `file::test`, or a job of the
#: pipelines
RUN_BY = {
    # the entry points
    r"ci/test|ruff check|ruff format|mypy": "job sim",
    r"ci/setup": "harness/tests/provision/test_setup.py"
    "::test_a_second_run_does_nothing_and_takes_no_time",
    r"ci/release .*": "ci/tests/test_release.py::test_a_release_has_all_its_parts",
    r"ci/mutate.*": "ci/tests/test_mutation.py::test_a_run_goes_on_where_the_last_one_ended",
    r"ci/bench": "benchmarks/test_run.py::test_each_benchmark_is_found_and_described",
    r"ci/docs": "ci/tests/test_site.py::test_nothing_is_loaded_from_elsewhere",
    r"ci/reload|\. harness/\S+/export\.sh|pytest -k reload": (
        "harness/tests/test_documented_commands.py::test_the_main_job"
    ),
    r"\. ci/pytest\.sh|board-bridge .*|hotreload --help": (
        "harness/tests/test_documented_commands.py::test_options_of_a_command"
    ),
    # pytest; what ci/test runs of these files, they run
    r"pytest --gdb.*": "harness/tests/debug/test_gdb.py::test_gdb_is_run_where_the_test_is",
    r"pytest --keep-device.*": "harness/tests/debug/test_keep_device.py"
    "::test_device_answers_after_the_failure",
    r"pytest --seed-fault.*": "scenarios/test_seeded_faults.py::test_fault_is_caught",
    r"pytest --lane board.*": "harness/tests/board/test_board_lane.py"
    "::test_tests_are_spread_over_boards_and_a_missing_one_is_told",
    r"pytest --lane esp32.*": "job esp32",
    r"pytest (-n \d+ *|(scenarios|harness|ci|component)\S* *)*(-k \w+)?": "job sim",
    r"pytest test_hotreload\.py -v": "job sim",
    # a farm
    r"ci/setup --farm|PATH=.*sdk\.py farm\).*|labgrid-\S+ .*|export LG_COORDINATOR=.*|ci/farm .*": (
        "harness/tests/farm/test_farm.py::test_command_has_the_boards_of_two_exporters"
    ),
    r"esp_rfc2217_server .*": "harness/tests/board/test_remote_ports.py"
    "::test_flash_behind_the_server_of_esptool",
    # the first project
    r"hotreload (new|run|reload).*|cd ~/hello|sed -i s/Hello.*": (
        "harness/tests/test_start_page.py::test_the_start_leads_to_another_greeting"
    ),
    # ESP-IDF's own
    r"(git clone .*/esp-idf\.git|esp-idf/install\.sh|\. esp-idf/export\.sh|python \$IDF_PATH/).*": (
        "job esp32"
    ),
    # the component's
    r"mkdir -p hello/.*|cp -r component/hotreload hello/.*|cd hello|idf\.py set-target.*"
    r"|idf\.py (menuconfig|build)|curl -X POST .*": (
        "scenarios/test_quick_start.py::test_quick_start"
    ),
    r"idf\.py (build flash|watch|reload).*": "harness/tests/test_idf_commands.py"
    "::test_each_save_is_called_by_the_device",
    r"python component/hotreload/tools/hotreload\.py --url .*": "scenarios/test_auth.py"
    "::test_the_command_line_signs",
    r"(idf\.py monitor \| )?python component/hotreload/tools/hotreload\.py decode.*": (
        "scenarios/test_decoding.py::test_crash_in_the_module"
    ),
    r"device=http.*": "scenarios/test_auth.py::test_the_readme_s_commands_sign",
    r"cmake (-S|--build) .*": "component/hotreload/doc_test/test_ctest.py"
    "::test_the_readme_s_commands_run_the_tests",
}

#: pages whose commands a test types from the first to the last
FOLLOWED: dict[str, str] = {
    "docs/use-in-your-project.md": "harness/tests/package/test_new_user.py"
    "::test_page_leads_from_an_empty_folder_to_red_and_green",
}


@dataclass(frozen=True)
class Command:
    """What a document tells to type."""

    document: str
    text: str

    @property
    def run_by(self) -> str | None:
        """What runs it."""
        fitting = (where for form, where in RUN_BY.items() if re.fullmatch(form, self.text))
        return FOLLOWED.get(self.document) or next(fitting, None)


def told_commands() -> list[Command]:
    """The commands of all documents: blocks without a language, of a console, or of a shell."""
    found = []
    block = re.compile(r"^ *```(\w*).*?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
    for document in DOCUMENTS:
        name = document.relative_to(ROOT).as_posix()
        for language, text in block.findall(document.read_text()):
            if language not in ("", "console", "sh"):
                continue
            # what is for `sh` is a program
            lines = [text.partition("\n")[0]] if language == "sh" else text.splitlines()
            typed = (" ".join(shlex.split(line, comments=True)) for line in lines)
            found += [Command(name, line) for line in typed if line]
    return found


COMMANDS = told_commands()


def test_each_command_is_run_by_a_test() -> None:
    """Name what runs a new one in RUN_BY; output of a command is a block of `text`."""
    assert len(COMMANDS) > 40
    assert [f"{one.document}: {one.text}" for one in COMMANDS if one.run_by is None] == []


def test_what_runs_them_is_there() -> None:
    wrong = []
    for where in {*RUN_BY.values(), *FOLLOWED.values()}:
        file, _, test = where.partition("::")
        if where.startswith("job "):
            there = where.removeprefix("job ") in github_jobs()
        else:
            tree = ast.parse((ROOT / file).read_text())
            there = any(isinstance(n, ast.FunctionDef) and n.name == test for n in tree.body)
        if not there:
            wrong.append(where)
    assert wrong == []


def test_nothing_is_named_that_no_document_tells() -> None:
    told = {command.text for command in COMMANDS if command.document not in FOLLOWED}
    unused = [form for form in RUN_BY if not any(re.fullmatch(form, text) for text in told)]
    assert unused == []
    assert FOLLOWED.keys() <= {command.document for command in COMMANDS}


def help_of(command: str, boards: Path) -> list[str]:
    """The same command, asked for its help, for which it reads its options all the same."""
    program, *arguments = shlex.split(command)
    if program == "board-bridge":
        return ["bash", "-c", ". ci/pytest.sh && board-bridge --help"]
    if program == "hotreload":
        return ["bash", "-c", f". {EXPORT} && hotreload --help"]
    missing = [word for word in arguments if "/" in word and not (ROOT / word).exists()]
    assert missing == []
    arguments = [word for word in arguments if not word.startswith("--boards=")]
    described = [f"--boards={boards}"] if "board" in arguments else []
    return [sys.executable, "-m", "pytest", *arguments, *described, "--help"]


#: the programs whose options are looked at here
OPTIONS = r"pytest --|board-bridge |hotreload --help"
OURS = sorted({one.text for one in COMMANDS if re.match(OPTIONS, one.text)})


@pytest.mark.parametrize(
    "command",
    # by number: the main job is found by a word that some of them have
    [pytest.param(command, id=str(n)) for n, command in enumerate(OURS)],
)
def test_options_of_a_command(command: str, tmp_path: Path) -> None:
    boards = tmp_path / "boards.yaml"
    boards.write_text("boards: [{name: desk, port: /dev/null, tags: [psram]}]")
    done = subprocess.run(
        help_of(command, boards),
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr or done.stdout


@pytest.mark.parametrize(
    "typed",
    ["ci/reload", f". {EXPORT}; pytest -k reload"],
    ids=["script", "shell"],
)
def test_the_main_job(typed: str) -> None:
    """What it selects is run by `ci/test`, too; here it has to find it."""
    done = subprocess.run(
        ["bash", "-c", f"{typed} --collect-only -qq"],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr or done.stdout
    assert "scenarios/test_hooks.py: " in done.stdout
