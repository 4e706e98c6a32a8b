"""Espressif's QEMU as a program: found, and told from Debian's."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from harness.errors import MissingToolError

PROGRAM = "qemu-system-xtensa"
HOW = (
    "run `python $IDF_PATH/tools/idf_tools.py install qemu-xtensa` and "
    "`. $IDF_PATH/export.sh` again"
)

_ESP32 = re.compile(r"^esp32\s", re.MULTILINE)


class NoEspQemuError(MissingToolError):
    """Espressif's QEMU is not in the environment."""


@cache
def require_qemu() -> Path:
    """The program `qemu-system-xtensa` of PATH, which has to have the machine `esp32`."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise NoEspQemuError(f"{PROGRAM} is not in PATH: {HOW}")
    machines = subprocess.run([found, "-machine", "help"], capture_output=True, text=True)
    if not _ESP32.search(machines.stdout):
        raise NoEspQemuError(f"{found} is not Espressif's, it has no machine esp32: {HOW}")
    return Path(found)
