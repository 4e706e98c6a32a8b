"""The partition table generator: what it writes, and what it says about tables it refuses."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_embedded_hotreload.paths import WORK_ALIKE

COMPONENT = WORK_ALIKE / "components" / "partition_table"

TABLE = """\
# Name,   Type, SubType, Offset,  Size, Flags
nvs,      data, nvs,     0x9000,  24K,
factory,  app,  factory, ,        1M,
hotreload,app,  0x40,    ,        512k,
storage,  data, 0x99,    ,        0x1000, encrypted
"""


def run_tool(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(COMPONENT / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "partitions.csv"
    path.write_text(TABLE)
    return path


def make_entry(kind: int, subtype: int, offset: int, size: int, name: str, flags: int) -> bytes:
    words = b"".join(value.to_bytes(4, "little") for value in (offset, size))
    label = name.encode().ljust(16, b"\0")
    return b"\xaa\x50" + bytes([kind, subtype]) + words + label + flags.to_bytes(4, "little")


def test_binary_is_as_documented(table: Path, tmp_path: Path) -> None:
    binary = tmp_path / "table.bin"
    assert run_tool("gen_esp32part.py", table, binary).returncode == 0
    entries = (
        make_entry(1, 2, 0x9000, 0x6000, "nvs", 0)
        + make_entry(0, 0, 0x10000, 0x100000, "factory", 0)
        + make_entry(0, 0x40, 0x110000, 0x80000, "hotreload", 0)
        + make_entry(1, 0x99, 0x190000, 0x1000, "storage", 1)
    )
    md5 = b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(entries).digest()
    assert binary.read_bytes() == (entries + md5).ljust(0xC00, b"\xff")


def test_md5_row_can_be_left_out(table: Path, tmp_path: Path) -> None:
    binary = tmp_path / "table.bin"
    assert run_tool("gen_esp32part.py", "--disable-md5sum", table, binary).returncode == 0
    assert b"\xeb\xeb" not in binary.read_bytes()


def test_binary_back_to_csv(table: Path, tmp_path: Path) -> None:
    binary = tmp_path / "table.bin"
    run_tool("gen_esp32part.py", table, binary)
    rows = run_tool("gen_esp32part.py", binary).stdout.splitlines()
    assert [row for row in rows if not row.startswith("#")] == [
        "nvs,data,nvs,0x9000,24K,",
        "factory,app,factory,0x10000,1M,",
        "hotreload,app,64,0x110000,512K,",
        "storage,data,153,0x190000,4K,encrypted",
    ]


def test_damaged_binary_is_refused(table: Path, tmp_path: Path) -> None:
    binary = tmp_path / "table.bin"
    run_tool("gen_esp32part.py", table, binary)
    damaged = bytearray(binary.read_bytes())
    damaged[5] ^= 1
    binary.write_bytes(damaged)
    result = run_tool("gen_esp32part.py", binary)
    assert result.returncode == 2
    assert result.stderr == f"{binary}: the MD5 row does not match the table\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "a, app, factory, 0x10000",
            "expected 'name, type, subtype, offset, size[, flags]', found 4 fields",
        ),
        (", app, factory, , 1M", "the name is empty"),
        (
            "seventeen_letters, app, factory, , 1M",
            "name 'seventeen_letters' is longer than 16 bytes",
        ),
        ("a, , factory, , 1M", "partition 'a' has no type"),
        ("a, app, factory, ,", "partition 'a' has no size"),
        ("a, bad, 0, , 1M", "'bad' is not a number (known names: app, data)"),
        ("a, app, factory, , 1G", "'1G' is not a number"),
        ("a, app, factory, , 0", "size '0' of partition 'a' is not positive"),
        ("a, data, 0x1ff, , 4K", "subtype 0x1ff of partition 'a' is not within 0..0xfe"),
        (
            "a, app, factory, 0x11000, 1M",
            "offset 0x11000 of partition 'a' is not aligned to 0x10000",
        ),
        ("a, data, nvs, 0x9100, 4K", "offset 0x9100 of partition 'a' is not aligned to 0x1000"),
        (
            "a, data, nvs, 0x8000, 4K",
            "partition 'a' at 0x8000 overlaps what lies before it, which ends at 0x9000",
        ),
        (
            "a, data, nvs, , 4K, secret",
            "unknown flag 'secret' of partition 'a' (known: encrypted)",
        ),
    ],
)
def test_bad_row_is_named_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(f"# comment\n\n{row}\n")
    result = run_tool("gen_esp32part.py", path, tmp_path / "out.bin")
    assert result.returncode == 2
    assert result.stderr == f"{path}: line 3: {message}\n"
    assert not (tmp_path / "out.bin").exists()


def test_overlap_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a, app, factory, 0x10000, 1M\nb, app, ota_0, 0x100000, 1M\n")
    result = run_tool("gen_esp32part.py", path, tmp_path / "out.bin")
    assert result.stderr == (
        f"{path}: line 2: partition 'b' at 0x100000 overlaps what lies before it, "
        "which ends at 0x110000\n"
    )


def test_name_used_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a, data, nvs, , 4K\na, data, phy, , 4K\n")
    result = run_tool("gen_esp32part.py", path, tmp_path / "out.bin")
    assert result.stderr == f"{path}: line 2: the name 'a' is used twice\n"


def test_table_beyond_the_flash_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a, app, factory, , 4M\n")
    result = run_tool("gen_esp32part.py", "--flash-size", "4MB", path, tmp_path / "out.bin")
    assert result.returncode == 2
    assert result.stderr.startswith(
        f"{path}: partition 'a' ends at 0x410000, beyond the flash of 4MB"
    )


def test_too_many_partitions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("".join(f"p{i}, data, nvs, , 4K\n" for i in range(96)))
    result = run_tool("gen_esp32part.py", path, tmp_path / "out.bin")
    assert result.stderr == f"{path}: 96 partitions, the table has room for 95\n"


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    result = run_tool("gen_esp32part.py", tmp_path / "none.csv")
    assert result.returncode == 2
    assert result.stderr == f"{tmp_path / 'none.csv'}: No such file or directory\n"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--partition-name", "hotreload", "--info", "offset", "size"], "0x110000 0x80000"),
        (["--partition-boot-default", "--info", "offset"], "0x10000"),
        (["--partition-type", "data", "--partition-subtype", "nvs", "--info", "name"], "nvs"),
        (["--partition-type", "app", "--partition-subtype", "0x40", "--info", "name"], "hotreload"),
        (["--partition-name", "storage", "--info", "encrypted", "size"], "True 0x1000"),
    ],
    ids=["by name", "to boot", "data", "app", "flags"],
)
def test_partition_info(table: Path, arguments: list[str], answer: str) -> None:
    result = run_tool(
        "parttool.py", "--partition-table-file", table, "get_partition_info", *arguments
    )
    assert (result.returncode, result.stdout) == (0, f"{answer}\n")


def test_partition_info_of_an_unknown_partition(table: Path) -> None:
    result = run_tool(
        "parttool.py",
        "--partition-table-file",
        table,
        "get_partition_info",
        "--partition-name",
        "none",
    )
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "")


def test_binary_that_fits(table: Path, tmp_path: Path) -> None:
    binary = tmp_path / "app.bin"
    binary.write_bytes(bytes(0x100000))
    assert run_tool("check_sizes.py", "partition", "--type", "app", table, binary).returncode == 0


def test_binary_that_is_too_large(table: Path, tmp_path: Path) -> None:
    binary = tmp_path / "app.bin"
    binary.write_bytes(bytes(0x100001))
    result = run_tool("check_sizes.py", "partition", "--type", "app", table, binary)
    assert result.returncode == 1
    assert result.stderr == (
        "Error: app.bin has 0x100001 bytes, app partition 'factory' has 0x100000: 0x1 bytes too "
        "many. Make the partition larger or the binary smaller.\n"
    )


def test_bootloader_that_is_too_large(tmp_path: Path) -> None:
    binary = tmp_path / "bootloader.bin"
    binary.write_bytes(bytes(0x8001))
    result = run_tool("check_sizes.py", "bootloader", "0x0", binary)
    assert result.returncode == 1
    assert result.stderr == (
        "Error: bootloader.bin has 0x8001 bytes, there are 0x8000 before the partition table.\n"
    )
