"""The pipelines as data: which jobs there are, and the commands that they run."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
GITHUB = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GITLAB = [ROOT / ".gitlab-ci.yml", ROOT / "ci" / "gitlab-ci.yml"]
# keywords of GitLab's files that are no jobs
_GLOBAL = ("workflow", "variables", "stages", "default", "include")


@dataclass(frozen=True)
class Job:
    """A job of either vendor."""

    name: str
    commands: tuple[str, ...]
    #: as the vendor's file has it
    description: dict[str, Any]

    @property
    def scripts(self) -> list[str]:
        """What it runs of this repository."""
        return [word for text in self.commands for word in re.findall(r"\bci/[\w-]+", text)]


def load(path: Path) -> dict[Any, Any]:
    """The content of a YAML file."""
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    return content


def github_jobs() -> dict[str, Job]:
    """The jobs of all workflows."""
    jobs = {}
    for path in GITHUB:
        for name, job in load(path)["jobs"].items():
            commands = tuple(step["run"] for step in job["steps"] if "run" in step)
            jobs[name] = Job(name, commands, job)
    return jobs


def gitlab_jobs() -> dict[str, Job]:
    """The jobs of GitLab's pipeline, without the templates that they extend."""
    return {
        name: Job(name, tuple(job.get("script", ())), job)
        for name, job in load(GITLAB[1]).items()
        if name not in _GLOBAL and not name.startswith(".")
    }
