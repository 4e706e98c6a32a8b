"""The boards as jobs of a pipeline, one for each: called by `ci/boards` and `ci/board`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from pytest_embedded_hotreload.board.inventory import Board, read_boards
from pytest_embedded_hotreload.errors import HarnessError, UnknownNameError
from pytest_embedded_hotreload.paths import ROOT

BOARDS = ROOT / "ci" / "boards.yaml"
#: what every runner with a board has; one more tag is the board's name
RUNNER = "hotreload-board"


def names(boards: Sequence[Board]) -> str:
    """One board in a line."""
    return "".join(f"{board.name}\n" for board in boards)


def github_matrix(boards: Sequence[Board]) -> str:
    """The values of `matrix.board`."""
    rows = [{"name": b.name, "runs_on": ["self-hosted", RUNNER, b.name]} for b in boards]
    return f"{json.dumps(rows)}\n"


def gitlab_pipeline(boards: Sequence[Board]) -> str:
    """A pipeline with a job for each board; GitLab refuses one without jobs."""
    jobs: dict[str, Any] = {f"board {board.name}": _gitlab_job(board.name) for board in boards}
    return yaml.safe_dump(
        jobs or {"no boards": {"script": ["echo ci/boards.yaml names no boards"]}}, sort_keys=False
    )


def _gitlab_job(name: str) -> dict[str, Any]:
    folder = f"build/board/{name}"
    return {
        "tags": [RUNNER, name],
        "script": [f"ci/board {name}"],
        "timeout": "2 hours",
        "resource_group": f"board-{name}",
        "artifacts": {
            "when": "always",
            "expire_in": "30 days",
            "paths": [f"{folder}/"],
            "reports": {"junit": f"{folder}/junit.xml"},
        },
    }


def only(path: Path, name: str) -> str:
    """The file of boards with the board `name` alone."""
    known = [board.name for board in read_boards(path)]
    if name not in known:
        raise UnknownNameError(
            f"{path}: no board is called {name}: there are {', '.join(known) or 'none'}"
        )
    entries = yaml.safe_load(path.read_text())["boards"]
    return yaml.safe_dump({"boards": [entry for entry in entries if entry["name"] == name]})


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(prog="ci/boards", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--github", action="store_const", dest="form", const=github_matrix)
    choice.add_argument("--gitlab", action="store_const", dest="form", const=gitlab_pipeline)
    choice.add_argument("--only", metavar="NAME")
    parser.set_defaults(form=names)
    options = parser.parse_args(arguments)
    try:
        printed = only(BOARDS, options.only) if options.only else options.form(read_boards(BOARDS))
    except HarnessError as error:
        print(f"ci/boards: {error}", file=sys.stderr)
        return 1
    sys.stdout.write(printed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
