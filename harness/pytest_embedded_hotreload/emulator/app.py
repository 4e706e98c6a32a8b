"""A firmware that was built for an emulated board."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_embedded_idf.app import IdfApp

from pytest_embedded_hotreload.flashimage import merge_flash_image


class EmulatedApp(IdfApp):  # type: ignore[misc]
    """What pytest-embedded's `app` fixture gives: an `IdfApp` with a flash image."""

    def __init__(self, app_path: str, build_dir: str, part_tool: str | None = None) -> None:
        super().__init__(app_path, build_dir, part_tool=part_tool)
        self.image_path = merge_flash_image(Path(self.binary_path))

    @cached_property
    def sdkconfig(self) -> dict[str, Any]:
        """The configuration (pytest-embedded's own property leaves the file open)."""
        content: dict[str, Any] = json.loads(
            (Path(self.binary_path) / "config" / "sdkconfig.json").read_text()
        )
        return content
