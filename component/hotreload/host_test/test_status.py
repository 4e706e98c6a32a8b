"""/status and /pending: each field, compared with what is known otherwise."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from elf_builder import DATA, FUNCTION, IDENTITY, R_RELATIVE, ModuleBuilder, Reloc
from host import Host, Run
from served import JSON, Answer, answer, answers, request, serve

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder(
    text=FUNCTION * 5, data=bytes(40), bss=20, rela=[Reloc(DATA, R_RELATIVE)]
).build()
NEWER = ModuleBuilder(data=bytes(800)).build()
BROKEN = b'\x7f"\\' + bytes(200)

# esp_reset_reason_t
REASONS = dict(
    enumerate(
        [
            *("unknown", "power-on", "external", "software", "panic"),
            *("watchdog", "watchdog", "watchdog", "deep-sleep", "brownout", "unknown"),
        ]
    )
)


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


@pytest.fixture
def status(host: Host) -> str:
    return request(host, "GET /status")


@pytest.fixture
def loaded(host: Host) -> list[str]:
    return ["names=f", PARTITION, f"api_update={host.file(GOOD)}", "api_load", serve()]


def placed(run: Run) -> dict[str, dict[str, Any]]:
    """What the trace says of the segments, in the form of /status."""
    found = re.findall(r"place .*kind=(\w+) .*size=(\d+) .*addr=0x(\w+)", run.output)
    return {kind: {"address": f"0x{int(at, 16):08x}", "size": int(n)} for kind, n, at in found}


def test_module_that_is_loaded(host: Host, loaded: list[str], status: str) -> None:
    run = host.run(*loaded, status)
    got = answer(run).body
    assert answer(run).is_ok and answer(run).goes_on
    assert answer(run).headers == [JSON]
    assert answer(run).length == len(answer(run).text)
    assert (got["loaded"], got["module"], got["loads"]) == (True, 1, 1)
    assert (got["size"], got["hash"]) == (len(GOOD), sha(GOOD))
    segments = placed(run)
    assert segments["text"]["size"] >= len(FUNCTION * 5)
    assert segments["data"]["size"] >= 60
    assert {kind: got[kind] for kind in ("text", "data")} == segments


def test_nothing_is_kept_of_a_module_that_was_unloaded(
    host: Host, loaded: list[str], status: str
) -> None:
    got = answer(host.run(*loaded, "api_unload", status)).body
    assert (got["loaded"], got["module"], got["size"], got["hash"]) == (False, 0, 0, None)
    for kind in ("text", "data"):
        assert got[kind]["size"] == 0, kind
    assert got["loads"] == 1


def test_before_anything_is_loaded(host: Host, status: str) -> None:
    run = host.run("names=f", PARTITION, serve(), status)
    got = answer(run).body
    assert (got["loaded"], got["module"], got["size"], got["hash"]) == (False, 0, 0, None)
    assert (got["loads"], got["retired"], got["confirmed"]) == (0, 0, False)
    assert (got["pending"], got["passed_over"], got["last_error"]) == (None, [], None)
    assert got["partition"] == "hotreload"
    assert got["firmware"] == IDENTITY.hex()
    assert (got["confirm_ms"], got["reload_mode"]) == (1000, "immediate")


def test_loads_are_counted_and_modules_numbered(host: Host, loaded: list[str], status: str) -> None:
    run = host.run(*loaded, "enter=1", "api_reload", status, "leave", "tick", status)
    inside, left = (a.body for a in answers(run, 2))
    assert (inside["module"], inside["loads"], inside["retired"]) == (2, 2, 1)
    assert left["retired"] == 0


def test_heap(host: Host, loaded: list[str], status: str) -> None:
    """Of each kind of memory another number, see memory.h."""
    assert answer(host.run(*loaded, status)).body["heap"] == {
        "data_free": 1300,
        "data_minimum": 1200,
        "exec_free": 2300,
        "exec_largest": 2100,
        "psram_free": 3300,
    }


@pytest.mark.parametrize("milliseconds", [0, 1, 999, 1000, 61_007, 4_294_000])
def test_uptime(host: Host, loaded: list[str], status: str, milliseconds: int) -> None:
    run = host.run(*loaded, f"time={milliseconds * 1000 + 999}", status)
    assert answer(run).body["uptime_s"] == milliseconds / 1000
    assert f'"uptime_s":{milliseconds // 1000}.{milliseconds % 1000:03}' in answer(run).text


@pytest.mark.parametrize("reason", REASONS)
def test_reason_of_the_reset(host: Host, status: str, reason: int) -> None:
    run = host.run("names=f", PARTITION, f"reboot={reason}", "names=f", serve(), status)
    assert answer(run).body["reset_reason"] == REASONS[reason]


def test_restarts_since_power_came(host: Host, status: str) -> None:
    again = ["reboot=3", "names=f", "api_load", serve(), status]
    first = ["names=f", PARTITION, f"api_update={host.file(GOOD)}", "api_load"]
    counts = [answer(host.run(*first, *again * n)).body["restarts"] for n in (1, 2, 3)]
    assert counts == [counts[0], counts[0] + 1, counts[0] + 2]
    assert counts[0] in (0, 1)


def test_slots_are_what_the_list_says(host: Host, loaded: list[str], status: str) -> None:
    run = host.run(*loaded, "confirm", f"api_update={host.file(NEWER)}", status, "slots")
    got = answer(run).body["slots"]
    listed = re.findall(
        r"^slot (\d+) (\w+) starts=(\d+) sequence=(\d+) size=(\d+) newest=\d hash=(\w+)$",
        run.output,
        re.MULTILINE,
    )
    assert [
        (str(s["slot"]), s["state"], str(s["starts"]), str(s["sequence"]), str(s["size"]))
        for s in got
    ] == [row[:5] for row in listed]
    assert [s["hash"] for s in got] == [row[5] for row in listed]
    assert {s["hash"]: s["running"] for s in got} == {sha(GOOD): True, sha(NEWER): False}
    assert {s["hash"]: s["state"] for s in got} == {sha(GOOD): "confirmed", sha(NEWER): "written"}


def test_blank_slots(host: Host, status: str) -> None:
    got = answer(host.run("names=f", PARTITION, serve(), status)).body["slots"]
    assert [(s["slot"], s["state"], s["size"], s["hash"], s["running"]) for s in got] == [
        (0, "blank", 0, None, False),
        (1, "blank", 0, None, False),
    ]


@pytest.mark.parametrize("path", ["/status", "/pending"])
def test_update_that_waits(host: Host, loaded: list[str], path: str) -> None:
    ask = request(host, f"GET {path}")
    run = host.run(*loaded, ask, f"api_update={host.file(NEWER)}", ask, "api_reload", ask)
    assert [a.body["pending"] for a in answers(run)] == [
        None,
        {"size": len(NEWER), "hash": sha(NEWER)},
        None,
    ]
    assert {a.body["reload_mode"] for a in answers(run)} == {"immediate"}
    assert all(a.is_ok for a in answers(run))


def test_confirmed(host: Host, loaded: list[str], status: str) -> None:
    run = host.run(*loaded, status, "confirm", status)
    assert [a.body["confirmed"] for a in answers(run)] == [False, True]


def test_last_error_is_the_last_one(host: Host, loaded: list[str], status: str) -> None:
    run = host.run(*loaded, "api_load", status, f"api_buffer={host.file(BROKEN)}", status)
    first, last = (a.body["last_error"] for a in answers(run, 2))
    assert first["error"] == "ESP_ERR_INVALID_STATE"
    assert last["error"] == "HOTRELOAD_ERR_MAGIC"
    assert first["message"] != last["message"]
    logged = re.findall(r"load_buffer: HOTRELOAD_ERR_MAGIC: (.*)", run.output)
    assert last["message"] in logged or not logged
    assert last["message"]


def test_a_message_is_json_whatever_is_in_it(host: Host, status: str) -> None:
    """Names of missing functions come from outside, and are told."""
    for name in ('q"uote', "back\\slash", '\\"'):
        elf = host.file(GOOD)
        run = host.run(f"names={name}", PARTITION, f"api_buffer={elf}", serve(), status)
        assert name in answer(run).body["last_error"]["message"]


def test_modules_that_were_passed_over(host: Host, loaded: list[str], status: str) -> None:
    bad = ModuleBuilder(notes=None).build()
    steps = ["names=f", PARTITION, f"api_update={host.file(GOOD)}"]
    run = host.run(
        *steps, f"raw={host.file(bad)}", "reboot=3", "names=f", "api_load", serve(), status
    )
    passed = answer(run).body["passed_over"]
    events = re.findall(r"event passed_over slot=(\d+) error=(\w+)", run.output)
    assert [(str(p["slot"]), p["error"]) for p in passed] == events
    assert passed[0]["message"]
    assert len(passed) == 1


@pytest.mark.parametrize(
    ("configured", "expected"), [(0, 100_000), (5000, 5000), (1, 1), (10**7, None)]
)
def test_largest_module(host: Host, status: str, configured: int, expected: int | None) -> None:
    """What is configured, CONFIG_HOTRELOAD_MAX_ELF_SIZE without, and no more than there is room."""
    run = host.run("names=f", PARTITION, serve(max_elf_size=configured), status)
    capacity = 524288 // 2 - 128
    assert answer(run).body["max_size"] == (capacity if expected is None else expected)


@pytest.mark.parametrize("path", ["/status", "/pending"])
def test_no_body_is_taken(host: Host, path: str) -> None:
    refused: Answer = answer(
        host.run("names=f", PARTITION, serve(), request(host, f"GET {path}", body=b"x"))
    )
    assert refused.error == "400 HOTRELOAD_ERR_BODY_UNEXPECTED"
    assert path in refused.message


def test_no_memory_for_it(host: Host, loaded: list[str], status: str) -> None:
    run = host.run(*loaded, "fail_at=2", status, status)  # 1: of the step itself
    failed, good = answers(run, 2)
    assert failed.error == "507 ESP_ERR_NO_MEM"
    assert good.is_ok
