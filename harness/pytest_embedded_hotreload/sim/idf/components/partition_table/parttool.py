#!/usr/bin/env python3
"""Answers questions about a partition table, for CMake: the `get_partition_info` of parttool."""

import argparse
import sys
from pathlib import Path

from gen_esp32part import (  # type: ignore[import-not-found]
    FLAGS,
    Partition,
    PartitionError,
    find_partitions,
    load_table,
    parse_number,
)


def describe(partition: Partition, what: str) -> str:
    values: dict[str, str] = {
        "name": partition.name,
        "type": str(partition.type),
        "subtype": str(partition.subtype),
        "offset": f"{partition.offset:#x}",
        "size": f"{partition.size:#x}",
        "encrypted": str(bool(partition.flags & FLAGS["encrypted"])),
    }
    return values[what]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-q", "--quiet", action="store_true", help="accepted, has no effect")
    parser.add_argument("--partition-table-offset", default="0x8000")
    parser.add_argument("--partition-table-file", type=Path, required=True)
    commands = parser.add_subparsers(dest="command", required=True)
    info = commands.add_parser("get_partition_info")
    which = info.add_mutually_exclusive_group(required=True)
    which.add_argument("--partition-name")
    which.add_argument("--partition-type")
    which.add_argument("--partition-boot-default", action="store_true")
    info.add_argument("--partition-subtype")
    info.add_argument(
        "--info",
        nargs="+",
        default=["offset", "size"],
        choices=["name", "type", "subtype", "offset", "size", "encrypted"],
    )
    args = parser.parse_args()
    try:
        table = load_table(args.partition_table_file, parse_number(args.partition_table_offset))
        if args.partition_boot_default:
            found = [
                *find_partitions(table, None, "app", "factory"),
                *find_partitions(table, None, "app", "ota_0"),
            ]
        else:
            found = list(
                find_partitions(
                    table, args.partition_name, args.partition_type, args.partition_subtype
                )
            )
    except PartitionError as error:
        print(error, file=sys.stderr)
        return 2
    if not found:
        return 1
    print(" ".join(describe(found[0], what) for what in args.info))
    return 0


if __name__ == "__main__":
    sys.exit(main())
