"""The pipelines are what GitHub and GitLab take, and no job hides another."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci.tests.pipelines import GITHUB, GITLAB, ROOT, Job, github_jobs, gitlab_jobs, load
from pytest_embedded_hotreload.board.inventory import Board
from pytest_embedded_hotreload.board.pipeline import github_matrix, gitlab_pipeline

BOARDS = [Board("desk", "/dev/ttyUSB0"), Board("shelf.2", "rfc2217://shelf.lan:4000")]
#: jobs that GitHub and GitLab have both
NAMES = {"sim", "esp32", "slow", "fuzz", "soak", "boards", "board"}
ARTIFACTS = {
    "sim": "build/report",
    "esp32": "build/report",
    "slow": "build/report",
    "fuzz": "build/fuzz/*/findings",
    "soak": "build/soak",
    "board": "build/board/NAME",
}


def validate(schema: str, *arguments: str | Path) -> None:
    command = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [command, "--builtin-schema", schema, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_github_takes_the_workflows(schema: str) -> None:
    validate(schema, *GITHUB)


def test_gitlab_takes_the_pipeline() -> None:
    validate("vendor.gitlab-ci", "--data-transform", "gitlab-ci", *GITLAB)


@pytest.mark.parametrize("boards", [BOARDS, []], ids=["two", "none"])
def test_gitlab_takes_the_pipeline_of_the_boards(boards: list[Board], tmp_path: Path) -> None:
    file = tmp_path / "boards.yml"
    file.write_text(gitlab_pipeline(boards))
    validate("vendor.gitlab-ci", file)


@pytest.mark.parametrize("jobs", [github_jobs(), gitlab_jobs()], ids=["github", "gitlab"])
def test_every_script_is_there(jobs: dict[str, Job]) -> None:
    assert set(jobs) == NAMES
    scripts = {script for job in jobs.values() for script in job.scripts}
    assert {"ci/test", "ci/esp32", "ci/fuzz", "ci/soak", "ci/boards"} <= scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


def test_both_run_the_same_scripts() -> None:
    github, gitlab = github_jobs(), gitlab_jobs()
    for name in NAMES - {"board"}:
        assert github[name].scripts == gitlab[name].scripts, name
    (job, _) = yaml.safe_load(gitlab_pipeline(BOARDS)).values()
    assert (github["board"].commands, job["script"]) == (('ci/board "$BOARD"',), ["ci/board desk"])


def test_both_build_with_the_same_releases() -> None:
    on_github = github_jobs()["esp32"].description["strategy"]["matrix"]
    whole, build_only = gitlab_jobs()["esp32"].description["parallel"]["matrix"]
    assert on_github["idf"] == whole["IDF"]
    assert on_github["include"] == [{key.lower(): build_only[key] for key in build_only}]
    assert [on_github["include"][0]["idf"], *on_github["idf"]][:8] == [
        *("v5.0", "v5.1", "v5.2", "v5.3", "v5.4", "v5.5"),
        *("v6.0", "v6.1"),
    ]


def test_no_job_hides_another() -> None:
    """Neither of a matrix nor because it comes first."""
    for name, job in github_jobs().items():
        strategy = job.description.get("strategy")
        assert strategy is None or strategy["fail-fast"] is False, name
        assert job.description.get("needs") == ("boards" if name == "board" else None)
    for name, job in gitlab_jobs().items():
        if job.description["extends"] == ".night" or ".night" in job.description["extends"]:
            needed = job.description.get("needs", load(GITLAB[1])[".night"]["needs"])
            assert needed == (["boards"] if name == "board" else []), name
    jobs = yaml.safe_load(gitlab_pipeline(BOARDS))
    assert [job["tags"] for job in jobs.values()] == [
        ["hotreload-board", "desk"],
        ["hotreload-board", "shelf.2"],
    ]
    assert all("needs" not in job and "allow_failure" not in job for job in jobs.values())


def test_reports_and_firmwares_are_kept_whatever_happens() -> None:
    on_gitlab = {name: job.description for name, job in gitlab_jobs().items()}
    on_gitlab["board"] = yaml.safe_load(gitlab_pipeline([Board("NAME", "/dev/ttyUSB0")]))[
        "board NAME"
    ]
    for name, folder in ARTIFACTS.items():
        (upload,) = (
            step
            for step in github_jobs()[name].description["steps"]
            if step.get("uses", "").startswith("actions/upload-artifact@")
        )
        assert upload["if"] == ("failure()" if name == "fuzz" else "always()"), name
        assert upload["with"]["path"].replace("${{ matrix.board.name }}", "NAME") == folder
        artifacts = on_gitlab[name]["artifacts"]
        assert artifacts["when"] == ("on_failure" if name == "fuzz" else "always"), name
        assert artifacts["paths"] == [f"{folder}/"]
        if name != "fuzz":
            assert artifacts["reports"]["junit"].startswith(folder)
            assert artifacts["reports"]["junit"].endswith("/junit.xml")


def test_actions_are_pinned_and_may_only_read() -> None:
    for path in GITHUB:
        assert load(path)["permissions"] == {"contents": "read"}
        used = re.findall(r"uses: (\S+)", path.read_text())
        assert [
            action for action in used if not re.fullmatch(r"actions/[\w/-]+@v\d+", action)
        ] == []


def test_strangers_changes_never_run_on_a_board() -> None:
    """A runner with a board is a machine of ours."""
    for path in GITHUB:
        content = load(path)
        triggers: Any = content[True]  # YAML 1.1 reads `on` so
        own = [name for name, job in content["jobs"].items() if "ubuntu" not in job["runs-on"]]
        assert not (own and "pull_request" in triggers)
    assert load(GITLAB[1])[".night"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]


def test_credentials_of_the_boards_are_handed_on() -> None:
    named = re.findall(r"(?:ssid|password): ([A-Z][A-Z_]+)", (ROOT / "ci/boards.yaml").read_text())
    given = github_jobs()["board"].description["env"]
    assert named and {name: given[name] for name in named} == {
        name: f"${{{{ secrets.{name} }}}}" for name in named
    }


def test_matrix_of_boards_is_one_line() -> None:
    assert github_matrix(BOARDS).count("\n") == 1
    assert github_matrix([]) == "[]\n"
