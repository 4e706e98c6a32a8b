#!/usr/bin/env python3
"""Fails when a binary does not fit where it is to go in flash."""

import argparse
import sys
from pathlib import Path

from gen_esp32part import (  # type: ignore[import-not-found]
    PartitionError,
    find_partitions,
    load_table,
    parse_number,
)


def check_partition(args: argparse.Namespace) -> None:
    table = load_table(args.table, parse_number(args.offset))
    fitting = [*find_partitions(table, None, args.type, args.subtype)]
    if not args.subtype:
        # a partition with a subtype of the project's own is not for this binary
        fitting = [part for part in fitting if part.type != 0 or part.subtype < 0x40]
    if not fitting:
        raise PartitionError(
            f"the partition table has no {args.type} partition for {args.binary.name}"
        )
    size = args.binary.stat().st_size
    largest = max(fitting, key=lambda part: part.size)
    if size > largest.size:
        raise PartitionError(
            f"{args.binary.name} has {size:#x} bytes, {args.type} partition '{largest.name}' has "
            f"{largest.size:#x}: {size - largest.size:#x} bytes too many. Make the partition "
            "larger or the binary smaller"
        )
    free = largest.size - size
    print(
        f"{args.binary.name} binary size {size:#x} bytes. Smallest {args.type} partition is "
        f"{min(part.size for part in fitting):#x} bytes. {free:#x} bytes "
        f"({free * 100 // largest.size}%) free."
    )


def check_bootloader(args: argparse.Namespace) -> None:
    room = parse_number(args.offset) - parse_number(args.bootloader_offset)
    size = args.binary.stat().st_size
    if size > room:
        raise PartitionError(
            f"{args.binary.name} has {size:#x} bytes, there are {room:#x} before "
            "the partition table"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offset", default="0x8000", help="offset of the partition table")
    kinds = parser.add_subparsers(dest="kind", required=True)
    partition = kinds.add_parser("partition")
    partition.add_argument("--type", required=True)
    partition.add_argument("--subtype")
    partition.add_argument("table", type=Path)
    partition.add_argument("binary", type=Path)
    partition.set_defaults(check=check_partition)
    bootloader = kinds.add_parser("bootloader")
    bootloader.add_argument("bootloader_offset")
    bootloader.add_argument("binary", type=Path)
    bootloader.set_defaults(check=check_bootloader)
    args = parser.parse_args()
    try:
        args.check(args)
    except PartitionError as error:
        print(f"Error: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
