"""The half of a lane that builds its firmware with the exported ESP-IDF."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from pytest_embedded_hotreload.environment import for_builds
from pytest_embedded_hotreload.errors import MissingToolError
from pytest_embedded_hotreload.esp_idf.sdk import EspIdf
from pytest_embedded_hotreload.lanes.base import Lane

TARGET = "esp32"
DEBUGGER = "xtensa-esp32-elf-gdb"


class EspIdfLane(Lane):
    """Builds by that ESP-IDF's own `idf.py`, as its users do."""

    def require_tools(self) -> None:
        EspIdf.exported()

    def toolchain(self) -> str:
        idf = EspIdf.exported()
        return f"{idf.path} {idf.version} {idf.python}"

    def versions(self) -> dict[str, str]:
        return {"ESP-IDF": ".".join(map(str, EspIdf.exported().version))}

    def environment(self) -> dict[str, str]:
        # the harness's own settings of Python are not those of ESP-IDF
        ours = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
        environment = {k: v for k, v in for_builds(os.environ).items() if k not in ours}
        return environment | {"IDF_TARGET": TARGET}

    def debugger(self) -> Path:
        program = shutil.which(DEBUGGER)
        if program is None:
            raise MissingToolError(
                f"{DEBUGGER} is not in PATH: it comes with ESP-IDF's tools for {TARGET}, "
                "export.sh puts it there"
            )
        return Path(program)

    def configure_command(
        self, project: Path, build_dir: Path, defaults: Sequence[Path]
    ) -> list[str]:
        return [
            *EspIdf.exported().idf_py(project, build_dir),
            *self.cache_entries(build_dir, defaults),
            "reconfigure",
        ]

    def build_command(self, project: Path, build_dir: Path, *targets: str) -> list[str]:
        return [*EspIdf.exported().idf_py(project, build_dir), *(targets or ("build",))]
