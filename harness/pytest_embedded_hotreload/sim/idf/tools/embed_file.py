#!/usr/bin/env python3
"""Writes an assembly file that embeds a file, for EMBED_FILES and EMBED_TXTFILES."""

import argparse
import re
from pathlib import Path


def assembly(source: Path, symbol: str, text: bool) -> str:
    name = re.sub(r"\W", "_", symbol)
    start, end, length = f"_binary_{name}_start", f"_binary_{name}_end", f"{name}_length"
    escaped = str(source).replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        '    .section .rodata.embedded,"a"',
        "    .balign 4",
        f"    .global {start}, {end}, {length}, {name}",
        f"{name}:",
        f"{start}:",
        f'    .incbin "{escaped}"',
    ]
    if text:
        lines.append("    .byte 0")
    lines += [f"{end}:", "    .balign 4", f"{length}:", f"    .long {end} - {start}", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--type", choices=["BINARY", "TEXT"], required=True)
    parser.add_argument("--symbol", required=True)
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    args = parser.parse_args()
    args.output.write_text(assembly(args.source.resolve(), args.symbol, args.type == "TEXT"))


if __name__ == "__main__":
    main()
