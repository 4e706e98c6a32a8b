"""What each request does, in the component's own server and in one of the application."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from elf_builder import ModuleBuilder
from host import Host
from served import GUEST, JSON, OWN, Answer, answer, answers, request, serve

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder().build()
NEWER = ModuleBuilder(data=bytes(800)).build()
FOREIGN = ModuleBuilder(notes=None).build()
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")

POSTS = ["/upload", "/reload", "/upload-and-reload", "/confirm", "/rollback", "/retry"]
GETS = ["/status", "/pending"]
COMMANDS = ["/reload", "/confirm", "/rollback", "/retry"]


@pytest.fixture(params=[GUEST, OWN])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def loaded(host: Host, server: str) -> list[str]:
    return ["names=f", PARTITION, f"api_update={host.file(GOOD)}", "api_load", serve(server)]


def is_refused(refused: Answer, server: str, error: str) -> bool:
    """An own server ends the connection at once; one of the application goes on."""
    return refused.error == error and refused.is_dismissed == (server == OWN)


def test_commands_do_what_their_names_say(host: Host, loaded: list[str]) -> None:
    """One after the other; each says which module runs then."""
    run = host.run(
        *loaded,
        request(host, "POST /confirm"),
        "confirmed",
        f"api_update={host.file(NEWER)}",
        request(host, "POST /reload"),
        request(host, "POST /rollback"),
        request(host, "POST /retry"),
        "slots",
    )
    assert all(a.is_ok and a.goes_on and a.headers == [JSON] for a in answers(run))
    told = [(a.body["module"], a.body["size"]) for a in answers(run)]
    assert told == [(1, len(GOOD)), (2, len(NEWER)), (3, len(GOOD)), (3, len(GOOD))]
    assert run.lines("confirmed") == ["confirmed yes"]
    assert "bad" not in re.findall(r"^slot \d+ (\w+)", run.output, re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/reload", "404 HOTRELOAD_ERR_NO_MODULE"),
        ("/rollback", "404 HOTRELOAD_ERR_NO_MODULE"),
        ("/confirm", "409 ESP_ERR_INVALID_STATE"),
        ("/retry", "409 HOTRELOAD_ERR_NOTHING_TO_UNDO"),
    ],
)
def test_commands_that_cannot_be_done(host: Host, server: str, path: str, error: str) -> None:
    run = host.run("names=f", PARTITION, serve(server), request(host, f"POST {path}"))
    assert answer(run).error == error
    assert answer(run).goes_on
    assert not answer(run).is_dismissed


@pytest.mark.parametrize("path", COMMANDS)
def test_commands_take_no_body(host: Host, loaded: list[str], server: str, path: str) -> None:
    run = host.run(*loaded, request(host, f"POST {path}", body=b"{}"))
    assert is_refused(answer(run), server, "400 HOTRELOAD_ERR_BODY_UNEXPECTED")
    assert path in answer(run).message
    assert re.search(rf"{path[1:]}: HOTRELOAD_ERR_BODY_UNEXPECTED", run.output) is not None
    assert run.events == host.run(*loaded).events, "something was done"


@pytest.mark.parametrize(
    ("headers", "goes_on"),
    [
        (["Content-Length: 0"], True),
        (["Content-Length: 2"], True),
        (["Content-Length: 4294967297"], False),
        (["Content-Length: 2x"], False),
        (["Transfer-Encoding: chunked"], False),
    ],
)
def test_the_application_s_server_goes_on_where_it_knows_the_end(
    host: Host, headers: list[str], goes_on: bool
) -> None:
    run = host.run("names=f", PARTITION, serve(GUEST), request(host, "GET /pending", *headers))
    got = answer(run)
    assert got.goes_on == goes_on
    assert (("Connection", "close") in got.headers) != goes_on
    assert got.is_ok == (headers == ["Content-Length: 0"])


@pytest.mark.parametrize(
    ("line", "allowed"),
    [*((f"GET {path}", "POST") for path in POSTS), *((f"POST {path}", "GET") for path in GETS)],
)
def test_another_method(host: Host, line: str, allowed: str) -> None:
    run = host.run("names=f", PARTITION, serve(OWN), request(host, f"{line}?a=b"))
    assert is_refused(answer(run), OWN, "405 HOTRELOAD_ERR_METHOD")
    assert ("Allow", allowed) in answer(run).headers
    assert answer(run).message == f"{line.split()[1]} takes {allowed} only"


def test_the_answer_to_head_says_how_long_it_would_be_and_is_empty(host: Host) -> None:
    """RFC 9110 section 9.3.2."""
    asked = [request(host, f"{method} /reload") for method in ("GET", "HEAD")]
    shown, head = answers(host.run("names=f", PARTITION, serve(OWN), *asked), 2)
    assert (head.status, head.text) == ("405 Method Not Allowed", "")
    assert head.length == shown.length == len(shown.text)


@pytest.mark.parametrize(
    "path", ["/", "/uploads", "/uploa", "/Status", "/status/", "/statu?s", "/nonce"]
)
def test_no_such_endpoint(host: Host, path: str) -> None:
    run = host.run("names=f", PARTITION, serve(OWN), request(host, f"GET {path}"))
    assert is_refused(answer(run), OWN, "404 HOTRELOAD_ERR_ENDPOINT")
    assert answer(run).message == f"there is no endpoint {path}"


@pytest.mark.parametrize("path", GETS)
def test_a_query_is_of_no_interest(host: Host, loaded: list[str], path: str) -> None:
    assert answer(host.run(*loaded, request(host, f"GET {path}?x=1"))).is_ok


@pytest.mark.parametrize("room", [0, 1, 7])
def test_no_room_for_all_handlers(host: Host, server: str, room: int) -> None:
    """Then there is none of them, and the message says how many are missing."""
    run = host.run("names=f", PARTITION, serve(server, room=room))
    assert run.result("serve") == "UNKNOWN"
    assert f"max_uri_handlers has to be {8 - room} larger" in run.message("serve")
    assert run.lines("handlers") == ["handlers 0"]


def test_room_for_just_all_handlers(host: Host, server: str) -> None:
    run = host.run("names=f", PARTITION, serve(server, room=8))
    assert run.result("serve") == "ESP_OK"
    assert run.lines("handlers") == ["handlers 8"]


@pytest.mark.parametrize("line", ["GET /status", "POST /reload", "POST /upload"])
def test_closed_endpoints(host: Host, loaded: list[str], server: str, line: str) -> None:
    run = host.run(*loaded, "close", request(host, line))
    assert is_refused(answer(run), server, "503 HOTRELOAD_ERR_STOPPED")


def test_time_for_headers_ends_with_them(host: Host, loaded: list[str]) -> None:
    """With a body it goes on, until the connection is over."""
    run = host.run(*loaded, request(host, "GET /status"), request(host, "GET /status", body=b"x"))
    parts = re.split(r"^handled: .*\n", run.output, flags=re.MULTILINE)
    assert ["headers end" in part for part in parts[:2]] == [True, False]


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        (2, "400 Bad Request", "not valid HTTP"),
        (5, "408 Request Timeout", "in time"),
        (6, "414 URI Too Long", "512"),
        (7, "431 Request Header Fields Too Large", "1024"),
        (0, "501 Not Implemented", "method"),
        (1, "505 HTTP Version Not Supported", "1.0 nor 1.1"),
    ],
)
def test_what_is_no_request(host: Host, code: int, status: str, told: str) -> None:
    """httpd_err_code_t of stub/esp_http_server.h."""
    got = answer(host.run("names=f", PARTITION, serve(OWN), f"refuse={code}"))
    assert (got.status, got.body["error"]) == (status, "HOTRELOAD_ERR_REQUEST")
    assert told in got.message
    assert not got.goes_on


def test_the_code_is_that_of_the_header(host: Host, server: str) -> None:
    run = host.run("names=f", PARTITION, serve(server), request(host, "POST /reload"))
    header = (Path(__file__).parents[1] / "include" / "hotreload.h").read_text(encoding="utf-8")
    found = re.search(r"HOTRELOAD_ERR_NO_MODULE\s+\(HOTRELOAD_ERR_BASE \+ 0x(\w+)\)", header)
    assert found
    assert answer(run).body["code"] == f"0x{0x48000 + int(found[1], 16):x}"


def test_of_a_module_of_another_firmware_both_identities_are_told(
    host: Host, loaded: list[str]
) -> None:
    other = bytes(range(16))
    elf = GOOD.replace(bytes(range(0xA0, 0xB0)), other)
    got = answer(host.run(*loaded, request(host, "POST /upload", body=elf)))
    assert got.error == "409 HOTRELOAD_ERR_IDENTITY"
    assert got.body["firmware"] == bytes(range(0xA0, 0xB0)).hex()
    assert got.body["module_firmware"] == other.hex()
