"""Commands of the hotreload component for idf.py: reload, watch, run-project."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent
#: in the repository, and where a copy of this project has the component
PLACES = ["../../component/hotreload", "components/hotreload", "managed_components/*hotreload"]
TOOLS = Path("tools", "hotreload_loop")


def build_description() -> Path:
    """What CMake tells of the build, once the project was configured."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-B", "--build-dir", default=PROJECT / "build")
    return Path(parser.parse_known_args()[0].build_dir, "project_description.json")


def candidates() -> Iterator[Path]:
    for place in PLACES:
        yield from PROJECT.glob(place)
    try:
        description = json.loads(build_description().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    yield from map(Path, description.get("build_component_paths", []))


def action_extensions(base_actions: dict[str, Any], project_path: str) -> dict[str, Any]:
    for folder in candidates():
        if (folder / TOOLS).is_dir():
            sys.path.append(str(folder / TOOLS.parent))
            from hotreload_loop import idf_commands

            return idf_commands.action_extensions(base_actions, project_path)
    if "reload" not in base_actions.get("actions", {}):
        print(
            "hotreload: warning: no commands reload, watch and run-project, as the hotreload "
            f"component is neither in {PROJECT / 'components'} nor in {build_description()}: they "
            "are there once it was configured with the component",
            file=sys.stderr,
        )
    return {"version": "1"}
