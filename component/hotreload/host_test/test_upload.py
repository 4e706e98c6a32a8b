"""Uploads: as they arrive, by clients that go wrong, and that nothing is kept of those."""

from __future__ import annotations

import hashlib
import re

import pytest

from elf_builder import ModuleBuilder
from host import Host, Run
from served import GUEST, OWN, Answer, answer, answers, request, serve

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder().build()
NEWER = ModuleBuilder(data=bytes(5000)).build()
LACKING = ModuleBuilder(symbols=[]).build()
SECOND = 1_000_000  # microseconds
SILENCE, WHOLE = 5, 60  # seconds that a client may be silent, and an upload take: stub/sdkconfig.h
OVERHEAD = 4096  # of a form

FORM = "Content-Type: multipart/form-data; boundary=bound"


def form(elf: bytes) -> bytes:
    head = b'--bound\r\nContent-Disposition: form-data; name="f"; filename="m.so"\r\n\r\n'
    return head + elf + b"\r\n--bound--\r\n"


def newest(run: Run) -> str:
    """The hash of what a load takes."""
    (line,) = run.lines("newest size")
    return line.split("hash=")[1]


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


@pytest.fixture(params=[GUEST, OWN])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def loaded(host: Host, server: str) -> list[str]:
    return ["names=f", PARTITION, f"api_update={host.file(GOOD)}", "api_load", serve(server)]


@pytest.mark.parametrize("piece", [1, 3, 303, 304, 305, 1791, 1792, 1793, 10**6])
@pytest.mark.parametrize("is_form", [False, True])
def test_pieces_of_any_size(host: Host, loaded: list[str], piece: int, is_form: bool) -> None:
    body = form(NEWER) if is_form else NEWER
    headers = [FORM] if is_form else []
    upload = request(host, "POST /upload", *headers, body=body)
    run = host.run(*loaded, "blocks", f"pieces={piece}", upload, "newest", "blocks")
    got = answer(run)
    assert got.is_ok
    assert (got.body["module"], got.body["size"]) == (1, len(NEWER))
    assert newest(run) == sha(NEWER)
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


def test_reload_follows(host: Host, loaded: list[str], server: str) -> None:
    upload = request(host, "POST /upload-and-reload", body=NEWER)
    run = host.run(*loaded, upload, request(host, "GET /status"))
    done, status = answers(run, 2)
    assert done.is_ok
    assert (done.body["module"], done.body["size"]) == (2, len(NEWER))
    assert status.body["hash"] == sha(NEWER)
    assert done.goes_on == (server == GUEST)


def test_reload_that_fails_is_told(host: Host, loaded: list[str]) -> None:
    upload = request(host, "POST /upload-and-reload", body=NEWER)
    run = host.run(*loaded, "handover=veto", upload, request(host, "GET /status"))
    done, status = answers(run, 2)
    assert done.error == "500 ESP_ERR_TIMEOUT"
    assert status.body["module"] == 1


@pytest.mark.parametrize(
    ("headers", "length", "error"),
    [
        ([], None, "411 HOTRELOAD_ERR_LENGTH_REQUIRED"),
        (["Transfer-Encoding: chunked"], 100, "411 HOTRELOAD_ERR_LENGTH_REQUIRED"),
        ([], 0, "400 HOTRELOAD_ERR_EMPTY"),
        ([], "00", "400 HOTRELOAD_ERR_EMPTY"),
        ([], "-1", "400 HOTRELOAD_ERR_REQUEST"),
        ([], "1 1", "400 HOTRELOAD_ERR_REQUEST"),
        ([], "12:", "400 HOTRELOAD_ERR_REQUEST"),
        ([], "12/", "400 HOTRELOAD_ERR_REQUEST"),
        ([], 2**32 + 100, "413 HOTRELOAD_ERR_TOO_LARGE"),
        ([], 2**64 + 100, "413 HOTRELOAD_ERR_TOO_LARGE"),
        ([], "1" * 40, "413 HOTRELOAD_ERR_TOO_LARGE"),
        (["Content-Type: multipart/form-data"], 100, "400 HOTRELOAD_ERR_MULTIPART"),
        (
            ["Content-Type: multipart/form-data; x=" + "y" * 200],
            100,
            "400 HOTRELOAD_ERR_MULTIPART",
        ),
    ],
)
def test_refused_before_its_body(
    host: Host,
    loaded: list[str],
    server: str,
    headers: list[str],
    length: int | str | None,
    error: str,
) -> None:
    bad = request(host, "POST /upload", *headers, length=length)
    run = host.run(*loaded, "blocks", bad, "blocks", request(host, "POST /upload", body=NEWER))
    refused, good = answers(run, 2)
    assert refused.error == error
    assert refused.is_dismissed == (server == OWN)
    assert f"upload: {error.split()[1]}" in run.output
    assert good.is_ok
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


@pytest.mark.parametrize("digits", ["592", "0592", " 592", "592 ", "592\t "])
def test_ways_to_say_a_length(host: Host, loaded: list[str], digits: str) -> None:
    assert len(GOOD) < 592
    elf = ModuleBuilder(data=bytes(4 + 592 - len(GOOD))).build()
    assert len(elf) == 592
    assert answer(host.run(*loaded, request(host, "POST /upload", body=elf, length=digits))).is_ok


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("is_form", [False, True])
def test_largest_one(host: Host, server: str, more: int, is_form: bool) -> None:
    steps = ["names=f", PARTITION, serve(server, max_elf_size=len(NEWER) - more)]
    headers, body = ([FORM], form(NEWER)) if is_form else ([], NEWER)
    run = host.run(*steps, request(host, "POST /upload", *headers, body=body), "newest")
    if more:
        assert answer(run).error == "413 HOTRELOAD_ERR_TOO_LARGE"
        assert str(len(NEWER) - 1) in answer(run).message
        assert run.result("newest") == "HOTRELOAD_ERR_NO_MODULE"
    else:
        assert answer(run).is_ok


@pytest.mark.parametrize("more", [0, 1])
def test_largest_form(host: Host, loaded: list[str], more: int) -> None:
    """What is around the module may take 4 KB; before the body is read only its length is known."""
    length = 100_000 + OVERHEAD + more
    stalled = request(host, "POST /upload", FORM, body=form(NEWER), length=length)
    wanted = {0: "HOTRELOAD_ERR_BODY_TIMEOUT", 1: "HOTRELOAD_ERR_TOO_LARGE"}
    got = answer(host.run(*loaded, f"silent_after={len(form(NEWER))}", stalled))
    assert got.body["error"] == wanted[more]


@pytest.mark.parametrize("seen", [0, 1, 2000, len(NEWER) - 1])
def test_client_that_stops_sending(host: Host, loaded: list[str], server: str, seen: int) -> None:
    steps = [*loaded, f"time={SECOND}", "blocks", f"silent_after={seen}"]
    bad = request(host, "POST /upload", body=NEWER)
    after = [request(host, "GET /status"), "blocks", "silent_after=99999999"]
    run = host.run(*steps, bad, *after, request(host, "POST /upload", body=NEWER))
    refused, status, good = answers(run, 3)
    missing = len(NEWER) - seen
    assert refused.error == "408 HOTRELOAD_ERR_BODY_TIMEOUT"
    assert refused.message == (
        f"the client stopped sending {missing} bytes before the end of the body"
    )
    assert status.body["uptime_s"] == 1 + SILENCE
    assert status.body["pending"] is None
    assert not refused.goes_on
    assert good.is_ok
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


def test_client_that_takes_too_long(host: Host, loaded: list[str], server: str) -> None:
    """A byte now and then keeps it from being silent, and not from an end."""
    bad = request(host, "POST /upload", body=NEWER)
    run = host.run(*loaded, "pieces=1", f"pause={4 * SECOND}", bad, request(host, "GET /status"))
    refused, status = answers(run, 2)
    received = (WHOLE - 1) // 4
    missing = f"after {WHOLE * 1000} ms {len(NEWER) - received} bytes of the body are missing"
    late = f"the update was not complete after {WHOLE * 1000} ms"  # one more byte came behind that
    assert refused.error == "408 HOTRELOAD_ERR_UPLOAD_TIMEOUT"
    assert refused.message == (missing if server == OWN else late)
    assert WHOLE <= status.body["uptime_s"] <= WHOLE + (SILENCE if server == GUEST else 0)
    assert not refused.goes_on


@pytest.mark.parametrize("seen", [0, 1, 2000, len(NEWER) - 1])
def test_client_that_goes(host: Host, loaded: list[str], seen: int) -> None:
    bad = request(host, "POST /upload", body=NEWER)
    run = host.run(*loaded, "blocks", f"gone_after={seen}", bad, "blocks", "newest")
    assert answer(run).error == "400 HOTRELOAD_ERR_BODY_TRUNCATED"
    assert answer(run).message == (
        f"the connection ended {len(NEWER) - seen} bytes before the end of the body"
    )
    assert not answer(run).goes_on
    assert newest(run) == sha(GOOD)
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


def test_server_that_is_stopped(host: Host) -> None:
    steps = ["names=f", PARTITION, serve(OWN), "stopped_after=100"]
    got = answer(host.run(*steps, request(host, "POST /upload", body=NEWER)))
    assert got.error == "503 HOTRELOAD_ERR_STOPPED"
    assert got.message == "the server was stopped during the upload"


@pytest.mark.parametrize(
    ("code", "error", "retry"),
    [
        (0x101, "507 ESP_ERR_NO_MEM", None),
        (0x103, "503 HOTRELOAD_ERR_STOPPED", None),
        (0x48059, "503 HOTRELOAD_ERR_CONNECTIONS", "2"),
    ],
)
def test_connection_that_cannot_be_handed_over(
    host: Host, code: int, error: str, retry: str | None
) -> None:
    steps = ["names=f", PARTITION, serve(OWN), "blocks", f"no_connection={code}"]
    upload = request(host, "POST /upload", body=NEWER)
    run = host.run(*steps, upload, "blocks", "no_connection=0", upload)
    refused, good = answers(run, 2)
    assert refused.error == error
    assert dict(refused.headers).get("Retry-After") == retry
    assert good.is_ok
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


def test_no_memory(host: Host, loaded: list[str], server: str) -> None:
    upload = request(host, "POST /upload", body=NEWER)
    run = host.run(*loaded, "fail_at=2", upload, upload)  # 1: of the step itself
    refused, good = answers(run, 2)
    assert refused.error == "507 ESP_ERR_NO_MEM"
    assert refused.is_dismissed == (server == OWN)
    assert good.is_ok


def test_one_at_a_time(host: Host, loaded: list[str]) -> None:
    upload = request(host, "POST /upload", body=NEWER)
    busy, good = answers(host.run(*loaded, "claim", upload, "release", upload), 2)
    assert busy.error == "409 HOTRELOAD_ERR_BUSY"
    assert good.is_ok


def test_module_that_is_refused(host: Host, loaded: list[str], server: str) -> None:
    run = host.run(*loaded, request(host, "POST /upload", body=LACKING), "newest")
    got = answer(run)
    assert got.error == "422 HOTRELOAD_ERR_SYMBOL_MISSING"
    assert got.goes_on == (server == GUEST)
    assert newest(run) == sha(GOOD)
    assert re.fullmatch(r"0x4801a", got.body["code"])


@pytest.mark.parametrize(
    ("value", "awaits"),
    [
        ("100-continue", True),
        ("100-Continue", True),
        ("100-CONTINUE  ", True),
        ("100-continu", False),
        ("200-ok", False),
        (None, False),
    ],
)
def test_client_that_waits_to_be_asked_for_its_body(
    host: Host, value: str | None, awaits: bool
) -> None:
    headers = [f"Expect: {value}"] if value else []
    upload = request(host, "POST /upload", *headers, body=NEWER)
    got: Answer = answer(host.run("names=f", PARTITION, serve(OWN), upload))
    assert got.before == (["HTTP/1.1 100 Continue"] if awaits else [])
    assert got.is_ok


def test_answer_over_a_connection_of_its_own_ends_it(host: Host) -> None:
    got = answer(
        host.run("names=f", PARTITION, serve(OWN), request(host, "POST /upload", body=GOOD))
    )
    headers = dict(got.headers)
    assert headers["Connection"] == "close"
    assert headers["Content-Type"] == "application/json"
    assert got.length == len(got.text)
