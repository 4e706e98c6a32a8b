#!/usr/bin/env python
"""ESP-IDF's installer of tools, as far as anybody is told to call it: `idf_tools.py install ...`.

All tools of the work-alike come together, by the set-up of the simulated board.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[4]
SET_UP = "pytest_embedded_hotreload.sim.provision"


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in ("install", "install-python-env"):
        print("usage: idf_tools.py install [TOOL...]", file=sys.stderr)
        return 2
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES)}
    return subprocess.call([sys.executable, "-m", SET_UP], env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
