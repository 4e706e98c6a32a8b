"""Commands that give gdb the symbols of what a device has loaded."""

from __future__ import annotations

from .decoder import Load
from .modules import ModuleFile


def add_symbol_file(load: Load, module: ModuleFile) -> str:
    """The command for one load; sections that were not placed are left out."""
    link = {section.name: section.link for section in module.sections}
    placed = {
        name: segment.address + at - segment.link
        for name, at in link.items()
        for segment in load.segments
        if segment.link <= at < segment.link + segment.size
    }
    sections = " ".join(f"-s {name} {address:#010x}" for name, address in placed.items())
    return f"add-symbol-file {quoted(str(load.elf))} {sections}"


def quoted(path: str) -> str:
    """A path as one word of gdb's command line."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if " " in path or escaped != path else path
