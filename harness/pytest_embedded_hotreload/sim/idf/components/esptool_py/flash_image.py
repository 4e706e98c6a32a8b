#!/usr/bin/env python3
"""Puts the images of a flash target into one file of the size of the flash.

An existing file keeps what the images do not cover, as a board's flash does.
"""

import argparse
import shlex
import sys
from pathlib import Path

BLANK = b"\xff"


class FlashImageError(Exception):
    """Images that do not fit; the text is for the user."""


def parse_size(text: str) -> int:
    units = {"KB": 1 << 10, "MB": 1 << 20}
    scale = next((unit for suffix, unit in units.items() if text.endswith(suffix)), 1)
    return int(text.rstrip("KMB")) * scale


def parse_arguments_file(path: Path) -> dict[int, Path]:
    """The `<offset> <file>` lines behind the first line, which holds esptool's options."""
    images = {}
    for line in path.read_text().splitlines()[1:]:
        words = shlex.split(line)
        if len(words) == 2:
            images[int(words[0], 0)] = path.parent / words[1]
    return images


def merge(images: dict[int, Path], size: int, base: bytes) -> bytes:
    flash = bytearray(base.ljust(size, BLANK)[:size])
    end, previous = 0, ""
    for offset, path in sorted(images.items()):
        data = path.read_bytes()
        if offset < end:
            raise FlashImageError(
                f"{path.name} at {offset:#x} overlaps {previous}, which ends at {end:#x}"
            )
        end, previous = offset + len(data), path.name
        if end > size:
            raise FlashImageError(
                f"{path.name} at {offset:#x} ends at {end:#x}, beyond the flash of {size:#x} bytes"
            )
        flash[offset:end] = data
    return bytes(flash)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="4MB")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("arguments_file", type=Path)
    args = parser.parse_args()
    base = args.output.read_bytes() if args.output.is_file() else b""
    try:
        flash = merge(parse_arguments_file(args.arguments_file), parse_size(args.size), base)
    except (FlashImageError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    args.output.write_bytes(flash)
    print(f"Wrote {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
