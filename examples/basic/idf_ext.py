"""Commands of the hotreload component for idf.py: reload, watch, run-project."""

import sys
from pathlib import Path

COMPONENT = Path(__file__).resolve().parents[2] / "component" / "hotreload"
sys.path.append(str(COMPONENT / "tools"))

from hotreload_loop.idf_commands import action_extensions  # noqa: E402

__all__ = ["action_extensions"]
