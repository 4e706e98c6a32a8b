"""Answers are whole JSON, or none: what does not fit makes them a 500."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from host import Host

TOO_LONG = '{"error":"ESP_ERR_INVALID_SIZE"}'
COMPONENT = Path(__file__).parents[1]

# of README's table
STATUSES = {
    "HOTRELOAD_ERR_EMPTY": 400,
    "HOTRELOAD_ERR_BODY_TRUNCATED": 400,
    "HOTRELOAD_ERR_MULTIPART": 400,
    "HOTRELOAD_ERR_REQUEST": 400,
    "HOTRELOAD_ERR_BODY_UNEXPECTED": 400,
    "HOTRELOAD_ERR_AUTH_HEADER": 401,
    "HOTRELOAD_ERR_AUTH_NONCE": 401,
    "HOTRELOAD_ERR_AUTH_REPLAYED": 401,
    "HOTRELOAD_ERR_AUTH_MAC": 401,
    "HOTRELOAD_ERR_AUTH_BODY": 401,
    "HOTRELOAD_ERR_AUTH_VERSION": 401,
    "HOTRELOAD_ERR_ORIGIN": 403,
    "HOTRELOAD_ERR_ENDPOINT": 404,
    "HOTRELOAD_ERR_NO_MODULE": 404,
    "ESP_ERR_NOT_FOUND": 404,
    "HOTRELOAD_ERR_METHOD": 405,
    "HOTRELOAD_ERR_BODY_TIMEOUT": 408,
    "HOTRELOAD_ERR_UPLOAD_TIMEOUT": 408,
    "HOTRELOAD_ERR_NO_UPDATE": 409,
    "HOTRELOAD_ERR_BUSY": 409,
    "HOTRELOAD_ERR_CALLER_INSIDE": 409,
    "HOTRELOAD_ERR_TASK_INSIDE": 409,
    "HOTRELOAD_ERR_UNDO_USED_UP": 409,
    "HOTRELOAD_ERR_NOTHING_TO_UNDO": 409,
    "HOTRELOAD_ERR_MARKED_BAD": 409,
    "HOTRELOAD_ERR_YIELDED": 409,
    "HOTRELOAD_ERR_HOLD_LIMIT": 409,
    "HOTRELOAD_ERR_IDENTITY": 409,
    "ESP_ERR_NOT_SUPPORTED": 409,
    "ESP_ERR_INVALID_STATE": 409,
    "HOTRELOAD_ERR_LENGTH_REQUIRED": 411,
    "HOTRELOAD_ERR_TOO_LARGE": 413,
    "ESP_ERR_INVALID_SIZE": 413,
    "HOTRELOAD_ERR_PARTITION": 500,
    "HOTRELOAD_ERR_STORE": 500,
    "ESP_FAIL": 500,
    "ESP_ERR_TIMEOUT": 500,
    "ESP_ERR_INVALID_ARG": 500,
    "HOTRELOAD_ERR_STOPPED": 503,
    "HOTRELOAD_ERR_CONNECTIONS": 503,
    "ESP_ERR_NO_MEM": 507,
}


def codes() -> dict[str, int]:
    """Of the component's header and of the host's esp_err.h."""
    own = (COMPONENT / "include" / "hotreload.h").read_text(encoding="utf-8")
    idf = (COMPONENT / "host_test" / "stub" / "esp_err.h").read_text(encoding="utf-8")
    found = re.findall(r"define (HOTRELOAD_ERR_\w+)\s+\(HOTRELOAD_ERR_BASE \+ (0x\w+)\)", own)
    plain = re.findall(r"define (ESP_\w+) \(?(-?\w+)\)?", idf)
    codes = {name: 0x48000 + int(offset, 16) for name, offset in found}
    return codes | {name: int(value, 0) for name, value in plain if name != "ESP_OK"}


@pytest.mark.parametrize("fields", ["a", "A", "abc", "aB", "Ba", "AB"])
def test_room_for_any_part_of_it(host: Host, fields: str) -> None:
    """Each size, up to some bytes more than are needed, in memory of just that size."""
    parts = [f'"{c}":1' if c.islower() else f'"{c}":[1]' for c in fields]
    whole = "{" + ",".join(parts) + "}"
    sizes = range(len(TOO_LONG) + 1, len(TOO_LONG) + 8)
    filled = fields + "z" * ((len(TOO_LONG) - len(whole)) // len(',"z":1'))
    whole = whole[:-1] + ',"z":1' * (len(filled) - len(fields)) + "}"
    for size in [*sizes, *range(len(whole) - 3, len(whole) + 4)]:
        (said,) = host.run(f"compose={size},{filled}").lines("composed")
        fits = len(whole) < size
        expected = f"200 OK {whole}" if fits else "500 Internal Server Error "
        assert said.removeprefix("composed ").startswith(expected), size
        if not fits:
            assert TOO_LONG.startswith(said.partition("Error ")[2]), size


def test_each_error_has_the_status_of_the_table(host: Host) -> None:
    known = codes()
    steps = [f"error={code & 0xFFFFFFFF:#x}" for code in known.values()]
    for name, line in zip(known, host.run(*steps).lines("error "), strict=True):
        status, _, body = line.removeprefix("error ").partition("{")
        assert int(status[:3]) == STATUSES.get(name, 422), name
        told = json.loads("{" + body)
        assert told["error"] == name
        assert int(told["code"], 16) == known[name] & 0xFFFFFFFF


def test_an_error_that_is_nobody_s(host: Host) -> None:
    """Below, above and at the ends of the component's codes."""
    steps = [f"error={code:#x}" for code in (0x47FFF, 0x48000, 0x49000, 0x48FFF)]
    statuses = [line[6:9] for line in host.run(*steps).lines("error ")]
    assert statuses == ["500", "500", "500", "422"]
