"""The pipelines are what GitHub and GitLab take, and no job hides another."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ci.tests.pipelines import GITHUB, GITLAB, ROOT, Job, github_jobs, gitlab_jobs, load

#: jobs that GitHub and GitLab have both
NAMES = {"sim", "report", "esp32", "slow", "fuzz", "soak", "board"}
ARTIFACTS = {
    "sim": "build/shards",
    "report": "build/report",
    "esp32": "build/report",
    "slow": "build/report",
    "fuzz": "build/fuzz/*/findings",
    "soak": "build/soak",
    "board": "build/board",
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


@pytest.mark.parametrize("jobs", [github_jobs(), gitlab_jobs()], ids=["github", "gitlab"])
def test_every_script_is_there(jobs: dict[str, Job]) -> None:
    assert set(jobs) == NAMES
    scripts = {script for job in jobs.values() for script in job.scripts}
    assert {"ci/test", "ci/esp32", "ci/fuzz", "ci/soak", "ci/farm"} <= scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


def test_both_run_the_same_scripts() -> None:
    github, gitlab = github_jobs(), gitlab_jobs()
    for name in NAMES - {"board"}:
        assert github[name].scripts == gitlab[name].scripts, name
    for name in ("sim", "report"):
        on_gitlab = [text.replace("$CI_NODE_INDEX", "$SHARD") for text in gitlab[name].commands]
        assert list(github[name].commands[1:]) == on_gitlab
    board = gitlab["board"].description
    on_gitlab = [*board["script"], *board["after_script"]]
    assert list(github["board"].commands) == [
        text.replace("$HOTRELOAD_FARM", "$TAGS") for text in on_gitlab
    ]


def test_both_build_with_the_same_releases() -> None:
    on_github = github_jobs()["esp32"].description["strategy"]["matrix"]
    whole, build_only = gitlab_jobs()["esp32"].description["parallel"]["matrix"]
    assert on_github["idf"] == whole["IDF"]
    assert on_github["include"] == [{key.lower(): build_only[key] for key in build_only}]
    assert [on_github["include"][0]["idf"], *on_github["idf"]][:8] == [
        *("v5.0", "v5.1", "v5.2", "v5.3", "v5.4", "v5.5"),
        *("v6.0", "v6.1"),
    ]


def test_each_shard_is_a_job_and_all_are_in_one_report() -> None:
    github, gitlab = github_jobs(), gitlab_jobs()
    shards = github["sim"].description["strategy"]["matrix"]["shard"]
    (splits,) = re.findall(r"--splits (\d+)", github["sim"].commands[1])
    assert shards == list(range(1, int(splits) + 1))
    assert gitlab["sim"].description["parallel"] == int(splits)
    report = github["report"].description
    assert report["if"] == "always()"
    (download,) = [step for step in report["steps"] if "download-artifact" in step.get("uses", "")]
    assert download["with"]["path"] == "build/shards"
    assert (gitlab["report"].description["needs"], gitlab["report"].description["when"]) == (
        ["sim"],
        "always",
    )


def test_no_job_hides_another() -> None:
    """Neither of a matrix nor because it comes first."""
    for name, job in github_jobs().items():
        strategy = job.description.get("strategy")
        assert strategy is None or strategy["fail-fast"] is False, name
        assert job.description.get("needs") == ("sim" if name == "report" else None), name
    for name, job in gitlab_jobs().items():
        if job.description["extends"] == ".night" or ".night" in job.description["extends"]:
            needed = job.description.get("needs", load(GITLAB[1])[".night"]["needs"])
            assert needed == [], name
        assert "allow_failure" not in job.description, name


def test_reports_and_firmwares_are_kept_whatever_happens() -> None:
    on_gitlab = {name: job.description for name, job in gitlab_jobs().items()}
    for name, folder in ARTIFACTS.items():
        (upload,) = (
            step
            for step in github_jobs()[name].description["steps"]
            if step.get("uses", "").startswith("actions/upload-artifact@")
        )
        assert upload["if"] == ("failure()" if name == "fuzz" else "always()"), name
        assert upload["with"]["path"] == folder
        artifacts = on_gitlab[name]["artifacts"]
        assert artifacts["when"] == ("on_failure" if name == "fuzz" else "always"), name
        assert artifacts["paths"] == [f"{folder}/"]
        if name not in ("fuzz", "report"):
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
    night = '$CI_PIPELINE_SOURCE == "schedule"'
    assert load(GITLAB[1])[".night"]["rules"] == [{"if": night}]
    assert gitlab_jobs()["board"].description["rules"] == [{"if": f"{night} && $LG_COORDINATOR"}]


def test_credentials_of_the_boards_are_handed_on() -> None:
    named = re.findall(r"(?:ssid|password): ([A-Z][A-Z_]+)", (ROOT / "ci/boards.yaml").read_text())
    given = github_jobs()["board"].description["env"]
    assert named and {name: given[name] for name in named} == {
        name: f"${{{{ secrets.{name} }}}}" for name in named
    }


def test_boards_of_a_stopped_job_are_freed() -> None:
    """By the name that the run has had, which runs once at a time."""
    github, gitlab = github_jobs()["board"].description, gitlab_jobs()["board"].description
    (free,) = [step for step in github["steps"] if "--free" in step.get("run", "")]
    assert free["if"] == "always()"
    assert github["concurrency"] == gitlab["resource_group"] == "board"
    for run, end in (
        (github["steps"][1]["run"], free["run"]),
        (gitlab["script"][0], gitlab["after_script"][0]),
    ):
        assert re.findall(r"--job (\S+)", run) == re.findall(r"--job (\S+)", end) == ["nightly"]
        assert "--priority -1" in run
