"""Keeps the firmwares of a run beside its report, as they were flashed."""

import json
import shutil
import tempfile
from pathlib import Path

from pytest_embedded_hotreload.firmware import FirmwareBuild

FOLDER = "firmware"


def keep_firmware(build: FirmwareBuild, report: Path) -> None:
    """Copy what is needed to flash the firmware again and to decode its backtraces.

    `esptool.py write_flash @flash_args` in the folder flashes it.
    """
    kept = report / FOLDER / f"{build.name}-{build.build_id}"
    if kept.exists():
        return
    kept.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=report, prefix=f".{FOLDER}-") as scratch:
        copy = Path(scratch) / build.name
        for file in _files(build):
            target = copy / file.relative_to(build.build_dir)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        try:
            copy.rename(kept)
        except OSError:  # another of xdist's workers was first
            if not kept.exists():
                raise


def _files(build: FirmwareBuild) -> list[Path]:
    folder = build.build_dir
    arguments = folder / "flasher_args.json"
    flashed = [folder / name for name in json.loads(arguments.read_text())["flash_files"].values()]
    modules = [
        module
        for file in flashed
        if (component := file.name.removesuffix("_flash.bin")) != file.name
        for module in (
            folder / f"{component}_stripped.so",
            folder / "hotreload" / f"{component}.so",
        )
    ]
    symbols = [build.elf, build.elf.with_suffix(".map")]
    return [*flashed, *modules, *symbols, arguments, folder / "flash_args", folder / "sdkconfig"]
