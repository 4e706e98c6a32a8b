"""Commands of idf.py: reload, watch, run-project. README.md says which releases find this file."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / "tools"))

from hotreload_loop.idf_commands import action_extensions

__all__ = ["action_extensions"]
