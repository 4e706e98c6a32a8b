"""Commands of the hotreload component for idf.py: reload, watch, run-project."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent
#: in the repository, and where a copy of this project has the component
PLACES = ["../../component/hotreload", "components/hotreload", "managed_components/*hotreload"]


def action_extensions(base_actions: dict[str, Any], project_path: str) -> dict[str, Any]:
    found = [folder for place in PLACES for folder in PROJECT.glob(place)]
    if found:
        sys.path.append(str(found[0] / "tools"))
        from hotreload_loop import idf_commands

        return idf_commands.action_extensions(base_actions, project_path)
    if "reload" not in base_actions.get("actions", {}):
        print(
            "hotreload: warning: no commands reload, watch and run-project, as the hotreload "
            f"component is not in {PROJECT / 'components'}: copy it there, or name its folder in "
            "IDF_EXTRA_ACTIONS_PATH",
            file=sys.stderr,
        )
    return {"version": "1"}
