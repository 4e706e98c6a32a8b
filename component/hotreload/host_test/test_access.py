"""Who may change what the device runs: pages of other sites never, and with a key who signs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

import pytest

from elf_builder import ModuleBuilder, note
from host import Host
from served import GUEST, OWN, Answer, answer, answers, request, serve

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder().build()
SECRET = bytes(range(100, 132))
DEVICE = "0a1b2c3d4e5f"
LIFETIME = 30_000  # ms
START = 1_000_000  # us since boot, when nonces are issued
MAC_NOTE = 2
FLOOR = 5  # CONFIG_HOTRELOAD_BUILD_FLOOR of stub/sdkconfig.h

COMMANDS = ["/reload", "/confirm", "/rollback", "/retry"]


@pytest.fixture(params=[GUEST, OWN])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        (["Origin: http://device"], True),
        (["Origin: http://trusted.example"], True),
        (["Origin: http://other.example"], False),
        (["Origin: http://device.example"], False),
        (["Origin: null"], False),
        ([f"Origin: http://{'a' * 200}"], False),
        (["Sec-Fetch-Site: same-origin"], True),
        (["Sec-Fetch-Site: cross-site"], False),
        ([], True),
    ],
)
def test_pages_of_other_sites(host: Host, server: str, headers: list[str], may: bool) -> None:
    """What is refused says who it was for, and nothing of it is done."""
    paths = [*COMMANDS, "/upload", "/upload-and-reload"]
    asked = [request(host, f"POST {path}", *headers, length=0) for path in paths]
    got = answers(host.run("names=f", PARTITION, serve(server), *asked))
    assert len(got) == len(paths)
    for each in got:
        assert (each.body["error"] == "HOTRELOAD_ERR_ORIGIN") != may
        if not may:
            assert each.error == "403 HOTRELOAD_ERR_ORIGIN"
            assert "CONFIG_HOTRELOAD_TRUSTED_ORIGIN" in each.message
            named = headers[0].removeprefix("Origin: ")
            assert any(who in each.message for who in (named, "another site", "a long name"))


@pytest.mark.parametrize("path", ["/status", "/pending"])
def test_everybody_may_look(host: Host, server: str, path: str) -> None:
    steps = ["names=f", PARTITION, serve(server)]
    assert answer(host.run(*steps, request(host, f"GET {path}", "Origin: http://other"))).is_ok


# with a key


@pytest.fixture
def signed(program_named: Callable[[str], Path], tmp_path: Path) -> Host:
    return Host(program_named("hr_host_signed"), tmp_path)


def signed_module(secret: bytes = SECRET, build: int = FLOOR) -> bytes:
    """As hr_image_mac.h asks for: the MAC is made with zeros in its place."""
    zeroed = _module(build, bytes(32))
    text = f"hotreload-module-1\n{hashlib.sha256(zeroed).hexdigest()}\n"
    return _module(build, hmac.new(secret, text.encode(), "sha256").digest())


def _module(build: int, mac: bytes) -> bytes:
    content = build.to_bytes(4, "little") + mac
    return ModuleBuilder(notes=note() + note(kind=MAC_NOTE, content=content)).build()


def authorization(
    nonce: str, path: str, body: bytes = b"", secret: bytes = SECRET, device: str = DEVICE
) -> str:
    digest = hashlib.sha256(body).hexdigest()
    text = f"hotreload-2\n{path}\n{device}\n{nonce}\n{digest}\n"
    mac = hmac.new(secret, text.encode(), "sha256").hexdigest()
    return f"Authorization: HMAC-SHA256 version=2,nonce={nonce},sha256={digest},mac={mac}"


def begun(server: str) -> list[str]:
    return ["names=f", PARTITION, f"time={START}", serve(server)]


def nonces(host: Host, count: int, server: str = GUEST) -> list[str]:
    """Those that a device that has just started issues, each time the same."""
    ask = request(host, "GET /nonce")
    got = answers(host.run(*begun(server), *[ask] * count))
    return [str(a.body["nonce"]) for a in got]


def after_nonces(host: Host, count: int, *steps: str, server: str = GUEST) -> list[Answer]:
    ask = request(host, "GET /nonce")
    run = host.run(*begun(server), *[ask] * count, *steps)
    asked = sum(step.startswith("request=") for step in steps)
    return answers(run, count + asked)[count:]


def test_nonce(signed: Host, server: str) -> None:
    run = signed.run("names=f", PARTITION, serve(server), request(signed, "GET /nonce"))
    got = answer(run)
    assert got.is_ok
    assert ("Cache-Control", "no-store") in got.headers
    fields = {key: got.body[key] for key in ("version", "device", "key", "lifetime_ms")}
    assert fields == {
        "version": 2,
        "device": DEVICE,
        "key": hashlib.sha256(SECRET).hexdigest()[:16],
        "lifetime_ms": LIFETIME,
    }
    assert len(set(nonces(signed, 3))) == 3


def test_nonce_takes_no_body(signed: Host, server: str) -> None:
    steps = ["names=f", PARTITION, serve(server)]
    got = answer(signed.run(*steps, request(signed, "GET /nonce", body=b"x")))
    assert got.error == "400 HOTRELOAD_ERR_BODY_UNEXPECTED"


@pytest.mark.parametrize("path", COMMANDS)
@pytest.mark.parametrize("query", ["", "?x=1", "?"])
def test_commands_have_to_be_signed(signed: Host, server: str, path: str, query: str) -> None:
    """By the path alone, without what is behind it; each signature serves once."""
    nonce = nonces(signed, 1, server)[0]
    plain = request(signed, f"POST {path}{query}")
    good = request(signed, f"POST {path}{query}", authorization(nonce, path))
    refused, done, again = after_nonces(signed, 1, plain, good, good, server=server)
    assert refused.error == "401 HOTRELOAD_ERR_AUTH_HEADER"
    assert ("WWW-Authenticate", "HMAC-SHA256") in refused.headers
    assert not done.body["error"].startswith("HOTRELOAD_ERR_AUTH")
    assert "WWW-Authenticate" not in dict(done.headers)
    assert again.error == "401 HOTRELOAD_ERR_AUTH_REPLAYED"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"path": "/confirm"}, "401 HOTRELOAD_ERR_AUTH_MAC"),
        ({"secret": bytes(32)}, "401 HOTRELOAD_ERR_AUTH_MAC"),
        ({"device": "0a1b2c3d4e50"}, "401 HOTRELOAD_ERR_AUTH_MAC"),
        ({"nonce": "0" * 48}, "401 HOTRELOAD_ERR_AUTH_NONCE"),
    ],
)
def test_signed_for_something_else(signed: Host, change: dict[str, str], error: str) -> None:
    fields = {"nonce": nonces(signed, 1)[0], "path": "/reload", **change}
    (got,) = after_nonces(
        signed,
        1,
        request(signed, "POST /reload", authorization(**fields)),  # type: ignore[arg-type]
    )
    assert got.error == error


def test_a_header_that_goes_on_is_not_good_in_its_first_part(signed: Host) -> None:
    header = authorization(nonces(signed, 1)[0], "/reload")
    for more in ("0", " " * 10 + "0", "," * 300):
        (got,) = after_nonces(signed, 1, request(signed, "POST /reload", header + more))
        assert got.error == "401 HOTRELOAD_ERR_AUTH_HEADER", more


@pytest.mark.parametrize(("late", "error"), [(0, None), (1, "401 HOTRELOAD_ERR_AUTH_NONCE")])
def test_a_nonce_gets_old(signed: Host, late: int, error: str | None) -> None:
    good = request(signed, "POST /reload", authorization(nonces(signed, 1)[0], "/reload"))
    (got,) = after_nonces(signed, 1, f"time={START + LIFETIME * 1000 + late}", good)
    assert (got.error if error else None) == error
    assert ("AUTH" in got.body["error"]) == (error is not None)


@pytest.mark.parametrize("path", ["/upload", "/upload-and-reload"])
def test_upload_has_to_be_signed(signed: Host, server: str, path: str) -> None:
    elf = signed_module()
    nonce = nonces(signed, 1, server)[0]
    plain = request(signed, f"POST {path}", body=elf)
    good = request(signed, f"POST {path}", authorization(nonce, path, elf), body=elf)
    refused, done = after_nonces(signed, 1, plain, good, server=server)
    assert refused.error == "401 HOTRELOAD_ERR_AUTH_HEADER"
    assert done.body["status"] in ("ok", "pending"), done.text


def test_upload_of_another_module_than_was_signed(signed: Host, server: str) -> None:
    elf = signed_module()
    header = authorization(nonces(signed, 1)[0], "/upload", elf + bytes(4))
    (got,) = after_nonces(signed, 1, request(signed, "POST /upload", header, body=elf))
    assert got.error == "401 HOTRELOAD_ERR_AUTH_BODY"


@pytest.mark.parametrize(
    ("elf", "error"),
    [
        (GOOD, "HOTRELOAD_ERR_MODULE_MAC"),
        (signed_module(secret=bytes(32)), "HOTRELOAD_ERR_MODULE_MAC"),
        (signed_module(build=FLOOR - 1), "HOTRELOAD_ERR_BUILD_FLOOR"),
    ],
    ids=["unsigned", "other key", "old"],
)
def test_module_has_to_be_signed_as_well(signed: Host, elf: bytes, error: str) -> None:
    header = authorization(nonces(signed, 1)[0], "/upload", elf)
    (got,) = after_nonces(signed, 1, request(signed, "POST /upload", header, body=elf))
    assert got.error == f"422 {error}"


def test_an_application_that_chooses_the_moment_finds_it_waiting(signed: Host) -> None:
    """CONFIG_HOTRELOAD_RELOAD_MODE_COOPERATIVE."""
    elf = signed_module()
    first, second = nonces(signed, 2)
    early = request(signed, "POST /reload", authorization(first, "/reload"))
    path = "/upload-and-reload"
    upload = request(signed, f"POST {path}", authorization(second, path, elf), body=elf)
    status = request(signed, "GET /status")
    nothing, done, said = after_nonces(signed, 2, early, upload, status)
    pending = {"size": len(elf), "hash": hashlib.sha256(elf).hexdigest()}
    assert nothing.error == "409 HOTRELOAD_ERR_NO_UPDATE"
    assert (done.status, done.body) == ("202 Accepted", {"status": "pending", "pending": pending})
    assert (said.body["reload_mode"], said.body["pending"]) == ("cooperative", pending)
    assert said.body["loaded"] is False
