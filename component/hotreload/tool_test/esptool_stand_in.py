"""Stands in for esptool, without a device.

ESP-IDF runs the program in ESPTOOL_WRAPPER in place of esptool. What would be written to a device
goes to `flash_image.img` in the build directory, on top of what is there; everything else is left
to esptool.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

IMAGE = Path("flash_image.img")
SIZE = 4 << 20
WRITE = ("write_flash", "write-flash")


def arguments(words: list[str]) -> list[str]:
    """With the contents of `@file` in its place."""
    expanded = []
    for word in words:
        expanded += shlex.split(Path(word[1:]).read_text()) if word.startswith("@") else [word]
    return expanded


def write(words: list[str]) -> None:
    flash = bytearray(IMAGE.read_bytes() if IMAGE.exists() else b"\xff" * SIZE)
    for index, word in enumerate(words):
        if word.startswith("0x"):
            content = Path(words[index + 1]).read_bytes()
            flash[int(word, 16) : int(word, 16) + len(content)] = content
    IMAGE.write_bytes(flash)


def main() -> None:
    esptool, *words = sys.argv[1:]
    print("esptool", *words)
    if any(word in WRITE for word in words):
        write(arguments(words))
        return
    # a file up to ESP-IDF v5, a module of Python since v6
    program = [esptool] if esptool.endswith(".py") else ["-m", esptool]
    os.execv(sys.executable, [sys.executable, *program, *words])


if __name__ == "__main__":
    main()
