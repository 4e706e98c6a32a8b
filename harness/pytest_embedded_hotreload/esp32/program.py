"""Espressif's QEMU as a program: found, and told from Debian's."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

from pytest_embedded_hotreload.errors import MissingToolError

PROGRAM = "qemu-system-xtensa"
#: how many times longer than the simulated board it takes: after each operation of the flash it
#: translates all code again
PATIENCE = 5
HOW = (
    "run `python $IDF_PATH/tools/idf_tools.py install qemu-xtensa` and "
    "`. $IDF_PATH/export.sh` again"
)

_VERSION = re.compile(r"version ((\d+)\.(\d+)\.\d+)")
_ESP32 = re.compile(r"^esp32\s", re.MULTILINE)


class NoEspQemuError(MissingToolError):
    """Espressif's QEMU is not in the environment."""


@dataclass(frozen=True)
class QemuProgram:
    """A QEMU that has the machine `esp32`."""

    path: str
    #: such as `QEMU 9.0.0`
    name: str
    major: int


@cache
def find_qemu(program: str = PROGRAM) -> QemuProgram:
    """The QEMU of PATH; raises `NoEspQemuError` unless it is Espressif's."""
    path = shutil.which(program)
    if path is None:
        raise NoEspQemuError(f"{program} is not in PATH: {HOW}")
    version = _VERSION.search(_output(path, "--version"))
    if version is None or not _ESP32.search(_output(path, "-machine", "help")):
        raise NoEspQemuError(f"{path} is not Espressif's QEMU, it has no machine esp32: {HOW}")
    return QemuProgram(path, f"QEMU {version[1]}", int(version[2]))


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout
