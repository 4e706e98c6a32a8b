"""Every error code of the header has its name, and no two share one."""

from __future__ import annotations

import re
from pathlib import Path

COMPONENT = Path(__file__).resolve().parents[1]
HEADER = (COMPONENT / "include" / "hotreload.h").read_text(encoding="utf-8")
CODES = dict(re.findall(r"#define (HOTRELOAD_ERR_\w+)\s+\(HOTRELOAD_ERR_BASE \+ (0x\w+)\)", HEADER))


def test_codes_differ() -> None:
    assert len(CODES) > 30
    assert len(set(CODES.values())) == len(CODES)


def test_every_code_has_its_name() -> None:
    source = (COMPONENT / "src" / "port" / "hr_error.c").read_text(encoding="utf-8")
    assert re.findall(r"NAME\((\w+)\)", source)[1:] == list(CODES)


def test_every_code_is_in_the_readme() -> None:
    readme = (COMPONENT / "README.md").read_text(encoding="utf-8")
    assert [name for name in CODES if f"`{name}`" not in readme] == []
