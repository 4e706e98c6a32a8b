"""Signed requests and modules: what the component accepts and refuses.

Signed here with nothing but `hmac` and `hashlib`; that clients and the build do it in the same way
is tested beside them.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from elf_builder import ModuleBuilder, note
from hotreload_client import Challenge, Key

SECRET = bytes(range(100, 132))
OTHER_SECRET = bytes(32)
DEVICE = "0a1b2c3d4e5f"
LIFETIME = 30_000_000  # us
RANDOM = "11" * 32
ELF = b"\x7fELF and so on"
USED_MAX = 16  # HR_AUTH_USED_MAX

HEADER = "HOTRELOAD_ERR_AUTH_HEADER"
NONCE = "HOTRELOAD_ERR_AUTH_NONCE"
MAC = "HOTRELOAD_ERR_AUTH_MAC"
REPLAYED = "HOTRELOAD_ERR_AUTH_REPLAYED"
VERSION = "HOTRELOAD_ERR_AUTH_VERSION"
MODULE_MAC = "HOTRELOAD_ERR_MODULE_MAC"
FLOOR = "HOTRELOAD_ERR_BUILD_FLOOR"


def authorization(
    nonce: str,
    endpoint: str = "/upload",
    elf: bytes = ELF,
    secret: bytes = SECRET,
    device: str = DEVICE,
) -> str:
    """The header that hr_auth.h asks for."""
    digest = hashlib.sha256(elf).hexdigest()
    text = f"hotreload-2\n{endpoint}\n{device}\n{nonce}\n{digest}\n"
    mac = hmac.new(secret, text.encode(), "sha256").hexdigest()
    return f"HMAC-SHA256 version=2,nonce={nonce},sha256={digest},mac={mac}"


@dataclass
class Guard:
    """The component's side, with a clock that the test sets."""

    to: IO[str]
    answers: IO[str]
    now: int = 1_000_000

    def step(self, line: str) -> tuple[str, str]:
        self.to.write(f"{line}\n")
        self.to.flush()
        name, _, rest = self.answers.readline().rstrip("\n").partition(" ")
        return name, rest

    def nonce(self) -> str:
        result, nonce = self.step(f"issue {self.now}")
        assert result == "ESP_OK"
        return nonce

    def check(self, header: str | None, *, endpoint: str = "/upload") -> str:
        """The name of the error, or ESP_OK."""
        line = f"check {self.now} {endpoint}"
        return self.step(line if header is None else f"{line} {header}")[0]

    def signed(self, nonce: str | None = None, *, endpoint: str = "/upload") -> str:
        return authorization(nonce or self.nonce(), endpoint)

    def module(self, elf: bytes, floor: int = 0) -> str:
        """The name of the error, or ESP_OK."""
        return self.step(f"module {floor} {elf.hex()}")[0]

    def may(self, origin: str, host: str, site: str = "-", trusted: str = "-") -> bool:
        return {"yes": True, "no": False}[self.step(f"origin {origin} {host} {site} {trusted}")[0]]


@pytest.fixture
def guard(program_named: Callable[[str], Path]) -> Iterator[Guard]:
    command = [str(program_named("auth")), SECRET.hex(), DEVICE, RANDOM, str(LIFETIME)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        key_id = hashlib.sha256(SECRET).hexdigest()[:16]
        assert process.stdout.readline() == f"ESP_OK {key_id}\n"
        yield Guard(process.stdin, process.stdout)
        process.stdin.close()
        assert process.wait(10) == 0, "the sanitizers have found something"


def test_a_signed_request_is_done_and_names_its_module(guard: Guard) -> None:
    line = f"check {guard.now} /upload {guard.signed()}"
    assert guard.step(line) == ("ESP_OK", hashlib.sha256(ELF).hexdigest())


def test_clients_sign_like_this(guard: Guard) -> None:
    nonce = guard.nonce()
    key = Key(SECRET)
    assert key.authorization("/upload", Challenge(DEVICE, key.id, nonce), ELF) == (
        guard.signed(nonce)
    )
    nothing = key.authorization("/reload", Challenge(DEVICE, key.id, nonce))
    assert nothing == authorization(nonce, "/reload", b"")


def test_a_client_of_the_version_before_is_told_to_update(guard: Guard) -> None:
    digits = hashlib.sha256(ELF).hexdigest()
    old = f"HMAC-SHA256 nonce={guard.nonce()},sha256={digits},mac={digits}"
    assert guard.step(f"check {guard.now} /upload {old}") == (
        VERSION,
        "the request is signed in version 1, this firmware takes version 2: update the client",
    )


def test_no_header(guard: Guard) -> None:
    assert guard.check(None) == HEADER


def test_a_header_cut_off_anywhere(guard: Guard) -> None:
    header = guard.signed()
    for length in range(len(header)):
        assert guard.check(header[:length]) == HEADER, length
    assert guard.check(header) == "ESP_OK"


def test_a_header_with_any_character_changed(guard: Guard) -> None:
    """Each character counts: names and separators, and every digit of the three numbers."""
    header = guard.signed()
    for at, character in enumerate(header):
        for other in {"0", "1", "g", "A", " "} - {character}:
            changed = header[:at] + other + header[at + 1 :]
            assert guard.check(changed) in (HEADER, NONCE, MAC), changed
    assert guard.check(header) == "ESP_OK"


@pytest.mark.parametrize("more", ["0", " ", ",", ",mac=00", "\t"])
def test_a_header_with_something_behind_it(guard: Guard, more: str) -> None:
    assert guard.check(guard.signed() + more) == HEADER


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "HMAC-SHA1", "hmac-sha256x", ""])
def test_another_scheme(guard: Guard, scheme: str) -> None:
    assert guard.check(guard.signed().replace("HMAC-SHA256", scheme)) == HEADER


def test_a_nonce_serves_once(guard: Guard) -> None:
    header = guard.signed()
    assert guard.check(header) == "ESP_OK"
    assert guard.check(header) == REPLAYED
    nonce = header.partition("nonce=")[2][:48]
    assert guard.check(guard.signed(nonce, endpoint="/reload"), endpoint="/reload") == REPLAYED


def test_a_nonce_gets_old(guard: Guard) -> None:
    for age, wanted in ((LIFETIME - 1, "ESP_OK"), (LIFETIME, "ESP_OK"), (LIFETIME + 1, NONCE)):
        header = guard.signed()
        guard.now += age
        assert guard.check(header) == wanted, age


def test_a_nonce_that_nobody_issued(guard: Guard) -> None:
    """Neither made up, nor with another time than it was issued for."""
    nonce = guard.nonce()
    later = f"{int(nonce[:16], 16) + 5_000_000:016x}{nonce[16:]}"
    for made_up in ("0" * 48, "f" * 48, later, "8" + nonce[1:]):
        assert guard.check(guard.signed(made_up)) == NONCE, made_up


def test_a_nonce_of_an_earlier_boot(guard: Guard) -> None:
    header = guard.signed()
    guard.step(f"restart {'22' * 32}")
    assert guard.check(header) == NONCE
    assert guard.check(guard.signed()) == "ESP_OK"


def test_nonces_of_one_instant_differ(guard: Guard) -> None:
    nonces = [guard.nonce() for _ in range(100)]
    assert len(set(nonces)) == 100
    assert guard.check(guard.signed(nonces[7])) == "ESP_OK"
    assert guard.check(guard.signed(nonces[8])) == "ESP_OK"


def test_another_key(guard: Guard) -> None:
    assert guard.check(authorization(guard.nonce(), secret=OTHER_SECRET)) == MAC


def test_another_device(guard: Guard) -> None:
    """Also where both have begun with the same random bytes, and so have the same nonces."""
    assert guard.check(authorization(guard.nonce(), device="0a1b2c3d4e5e")) == MAC


def test_another_request_than_was_signed(guard: Guard) -> None:
    header = guard.signed()
    assert guard.check(header, endpoint="/upload-and-reload") == MAC
    assert guard.check(header, endpoint="/reload") == MAC
    other_hash = header.replace(hashlib.sha256(ELF).hexdigest(), hashlib.sha256(b"").hexdigest())
    assert guard.check(other_hash) == MAC
    assert guard.check(header) == "ESP_OK"


def test_a_refused_request_uses_no_nonce(guard: Guard) -> None:
    """Otherwise anyone who listens could use up the nonces of others."""
    nonce = guard.nonce()
    forged = authorization(nonce, secret=OTHER_SECRET)
    assert guard.check(forged) == MAC
    assert guard.check(guard.signed(nonce)) == "ESP_OK"


def test_nobody_without_the_key_makes_a_used_nonce_forgotten(guard: Guard) -> None:
    header = guard.signed()
    assert guard.check(header) == "ESP_OK"
    for _ in range(3 * USED_MAX):
        guard.now += 1000
        forged = authorization(guard.nonce(), secret=OTHER_SECRET)
        assert guard.check(forged) == MAC
    assert guard.check(header) == REPLAYED


def test_a_used_nonce_is_never_good_again_however_many_follow(guard: Guard) -> None:
    """The list of used nonces overflows: what it forgets is too old from then on."""
    headers = []
    for _ in range(3 * USED_MAX):
        guard.now += 1000
        headers.append(guard.signed())
        assert guard.check(headers[-1]) == "ESP_OK"
    results = [guard.check(header) for header in headers]
    assert set(results[-USED_MAX:]) == {REPLAYED}
    assert set(results[:-USED_MAX]) == {NONCE}


def test_requests_in_another_order_than_their_nonces(guard: Guard) -> None:
    """Of more nonces than the list holds, issued at once, none serves twice."""
    nonces = [guard.nonce() for _ in range(2 * USED_MAX)]
    first = [guard.check(guard.signed(nonce)) for nonce in reversed(nonces)]
    assert first[:USED_MAX] == ["ESP_OK"] * USED_MAX
    assert "ESP_OK" not in [guard.check(guard.signed(nonce)) for nonce in nonces]


@pytest.mark.parametrize("start", [0, 2**31 * 1000, 2**32 - 500, 2**32 * 1000 - 500, 2**53])
def test_at_any_time_since_boot(guard: Guard, start: int) -> None:
    """Also where counters of 32 bits, of micro- or milliseconds, begin anew."""
    guard.now = start
    header, stale = guard.signed(), guard.signed()
    guard.now += 1000
    assert guard.check(header) == "ESP_OK"
    assert guard.check(header) == REPLAYED
    guard.now += LIFETIME
    assert guard.check(stale) == NONCE


def test_messages_say_what_to_do_and_keep_the_secret(guard: Guard) -> None:
    header = guard.signed()
    guard.check(header)
    key_id = hashlib.sha256(SECRET).hexdigest()[:16]
    lines = [
        f"check {guard.now} /upload",
        f"check {guard.now} /upload x",
        f"check {guard.now} /upload {header}",
        f"check {guard.now} /reload {guard.signed()}",
        f"check {guard.now + 2 * LIFETIME + 9} /upload {guard.signed()}",
        f"check {guard.now} /upload {guard.signed('0' * 48)}",
    ]
    messages = [guard.step(line)[1] for line in lines]
    assert messages == [
        f"the request has no Authorization: it has to be signed with key {key_id}",
        "Authorization is not HMAC-SHA256 version=2,nonce=<48 digits>,sha256=<64>,mac=<64>",
        "the nonce was used by another request: ask for one for each",
        f"the mac is not that of /reload on device {DEVICE} with key {key_id}",
        "the nonce is 60000 ms old, which is too old: ask for another",
        "the nonce is not one of this device since its start: ask for another",
    ]


# modules


def mac_note(build: int, mac: bytes = bytes(32)) -> bytes:
    return note(kind=2, content=struct.pack("<I32s", build, mac))


def module_mac(zeroed: bytes, secret: bytes = SECRET) -> bytes:
    """The MAC that hr_image_mac.h asks for; `zeroed` has zeros in its place."""
    text = f"hotreload-module-1\n{hashlib.sha256(zeroed).hexdigest()}\n"
    return hmac.new(secret, text.encode(), "sha256").digest()


def signed_module(build: int = 0, secret: bytes = SECRET, **fields: object) -> bytes:
    zeroed = ModuleBuilder(notes=note() + mac_note(build), **fields).build()  # type: ignore[arg-type]
    mac = module_mac(zeroed, secret)
    return ModuleBuilder(notes=note() + mac_note(build, mac), **fields).build()  # type: ignore[arg-type]


@pytest.mark.parametrize("sections", [0, 3])
def test_a_module_that_was_built_with_the_key(guard: Guard, sections: int) -> None:
    assert guard.module(signed_module(sections=sections)) == "ESP_OK"
    assert guard.module(signed_module(sections=sections) + b"trailing") == "ESP_OK"


def test_a_module_that_was_built_without_it(guard: Guard) -> None:
    assert guard.module(signed_module(secret=OTHER_SECRET)) == MODULE_MAC
    for notes in (note(), note() + mac_note(0), note() + note(b"other\0", 2, bytes(36))):
        assert guard.module(ModuleBuilder(notes=notes).build()) == MODULE_MAC
    short = note() + note(kind=2, content=bytes(32))
    assert guard.module(ModuleBuilder(notes=short).build()) == "HOTRELOAD_ERR_NOTE"


@pytest.mark.parametrize("sections", [0, 3])
def test_every_bit_of_a_module_counts(guard: Guard, sections: int) -> None:
    """Whatever is wrong is found before; what is right is not what was signed."""
    elf = signed_module(sections=sections)
    choose = random.Random(sections)
    for at in range(len(elf)):
        changed = bytearray(elf)
        changed[at] ^= 1 << choose.randrange(8)
        assert guard.module(bytes(changed)) not in ("ESP_OK", FLOOR), at


def test_a_mac_of_something_else_with_the_same_key(guard: Guard) -> None:
    """Neither that of another build, nor a request's."""
    of_another = module_mac(ModuleBuilder(notes=note() + mac_note(2)).build())
    notes = note() + mac_note(1, of_another)
    assert guard.module(ModuleBuilder(notes=notes).build()) == MODULE_MAC
    assert guard.module(ModuleBuilder(notes=mac_note(1, of_another) + notes).build()) == MODULE_MAC


@pytest.mark.parametrize("floor", [0, 1, 5, 2**31 - 1])
def test_builds_below_the_floor(guard: Guard, floor: int) -> None:
    for build in {0, 1, 4, 5, 6, 2**31 - 2, 2**31 - 1, 2**31, 2**32 - 1}:
        assert guard.module(signed_module(build), floor) == ("ESP_OK" if build >= floor else FLOOR)
    assert guard.step(f"module 7 {signed_module(6).hex()}")[1] == (
        "the module is build 6, this firmware takes 7 and later ones"
    )


def test_a_number_that_was_raised_later(guard: Guard) -> None:
    elf = signed_module(4)
    raised = elf.replace(mac_note(4)[:28], mac_note(9)[:28])
    assert raised != elf
    assert guard.module(raised, 5) == MODULE_MAC


# pages of other sites


def test_programs_send_no_origin(guard: Guard) -> None:
    assert guard.may("-", "192.168.1.100:8080")
    assert guard.may("-", "-")


def test_the_server_s_own_page_by_any_name(guard: Guard) -> None:
    for host in ("192.168.1.100:8080", "board.local", "[fe80::1]:8080", "BOARD:8080"):
        for scheme in ("http", "https"):
            origin = f"{scheme}://{host.lower()}"
            assert guard.may(origin, host, "same-origin")
            assert guard.may(origin, host)


@pytest.mark.parametrize("site", ["-", "cross-site", "same-site", "same-origin", "none"])
def test_a_page_of_another_site(guard: Guard, site: str) -> None:
    host = "board.local:8080"
    for origin in (
        *("http://evil.example", "http://board.local", "http://board.local:80800", "null"),
        *("http://board.local:8080.evil.example", "http://evil.example/board.local:8080"),
        *("board.local:8080", "http://", "http://a.board.local:8080", "://"),
    ):
        assert not guard.may(origin, host, site), origin
    assert not guard.may("http://board.local:8080", "-", site)


def test_a_browser_that_tells_only_the_relation(guard: Guard) -> None:
    for site, may in (("cross-site", False), ("same-site", False), ("none", True), ("x", False)):
        assert guard.may("-", "board.local", site) == may, site


def test_a_page_that_is_trusted(guard: Guard) -> None:
    trusted = "http://tools.example:3000"
    assert guard.may(trusted, "board.local", "cross-site", trusted)
    assert guard.may("http://board.local", "board.local", "same-origin", trusted)
    for origin in ("http://tools.example", "https://tools.example:3000", "http://evil.example"):
        assert not guard.may(origin, "board.local", "cross-site", trusted)
