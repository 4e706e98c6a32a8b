"""Signed requests: what the component accepts and refuses, with the clients' own code to sign."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from hotreload_client import Key

SECRET = bytes(range(100, 132))
OTHER_SECRET = bytes(32)
KEY = Key(SECRET)
LIFETIME = 30_000_000  # us
RANDOM = "11" * 32
BODY = b"\x7fELF and so on"
USED_MAX = 16  # HR_AUTH_USED_MAX

HEADER = "HOTRELOAD_ERR_AUTH_HEADER"
NONCE = "HOTRELOAD_ERR_AUTH_NONCE"
MAC = "HOTRELOAD_ERR_AUTH_MAC"
REPLAYED = "HOTRELOAD_ERR_AUTH_REPLAYED"
WRONG_BODY = "HOTRELOAD_ERR_AUTH_BODY"


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

    def check(
        self,
        header: str | None,
        *,
        endpoint: str = "/upload",
        length: int = len(BODY),
        method: str = "POST",
    ) -> str:
        """The name of the error, or ESP_OK."""
        line = f"check {self.now} {method} {endpoint} {length}"
        return self.step(line if header is None else f"{line} {header}")[0]

    def signed(self, nonce: str | None = None, *, endpoint: str = "/upload") -> str:
        return KEY.authorization("POST", endpoint, nonce or self.nonce(), BODY)


@pytest.fixture
def guard(program_named: Callable[[str], Path]) -> Iterator[Guard]:
    command = [str(program_named("auth")), SECRET.hex(), RANDOM, str(LIFETIME)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        yield Guard(process.stdin, process.stdout)
        process.stdin.close()
        assert process.wait(10) == 0, "the sanitizers have found something"


def test_a_signed_request_is_done_and_names_its_body(guard: Guard) -> None:
    header = guard.signed()
    line = f"check {guard.now} POST /upload {len(BODY)} {header}"
    assert guard.step(line) == ("ESP_OK", hashlib.sha256(BODY).hexdigest())


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
    other = Key(OTHER_SECRET)
    assert guard.check(other.authorization("POST", "/upload", guard.nonce(), BODY)) == MAC


def test_another_request_than_was_signed(guard: Guard) -> None:
    header = guard.signed()
    assert guard.check(header, endpoint="/upload-and-reload") == MAC
    assert guard.check(header, endpoint="/reload") == MAC
    assert guard.check(header, method="GET") == MAC
    assert guard.check(header, length=len(BODY) - 1) == MAC
    assert guard.check(header, length=0) == MAC
    other_hash = header.replace(hashlib.sha256(BODY).hexdigest(), hashlib.sha256(b"").hexdigest())
    assert guard.check(other_hash) == MAC
    assert guard.check(header) == "ESP_OK"


def test_a_refused_request_uses_no_nonce(guard: Guard) -> None:
    """Otherwise anyone who listens could use up the nonces of others."""
    nonce = guard.nonce()
    forged = Key(OTHER_SECRET).authorization("POST", "/upload", nonce, BODY)
    assert guard.check(forged) == MAC
    assert guard.check(guard.signed(nonce)) == "ESP_OK"


def test_nobody_without_the_key_makes_a_used_nonce_forgotten(guard: Guard) -> None:
    header = guard.signed()
    assert guard.check(header) == "ESP_OK"
    other = Key(OTHER_SECRET)
    for _ in range(3 * USED_MAX):
        guard.now += 1000
        forged = other.authorization("POST", "/upload", guard.nonce(), BODY)
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


def test_a_body_is_compared_with_the_one_that_was_signed(guard: Guard) -> None:
    wanted = hashlib.sha256(BODY).hexdigest()
    for cut in range(len(BODY) + 1):
        pieces = f"{BODY[:cut].hex()} {BODY[cut:].hex()}"
        assert guard.step(f"body {wanted} {pieces}")[0] == "ESP_OK"
        assert guard.step(f"body {wanted} {BODY[:cut].hex()}")[0] == (
            "ESP_OK" if cut == len(BODY) else WRONG_BODY
        )
    assert guard.step(f"body {wanted} {(BODY + b'x').hex()}")[0] == WRONG_BODY
    assert guard.step(f"body {wanted}")[0] == WRONG_BODY


def test_messages_say_what_to_do_and_keep_the_secret(guard: Guard) -> None:
    header = guard.signed()
    guard.check(header)
    lines = [
        f"check {guard.now} POST /upload 13",
        f"check {guard.now} POST /upload 13 x",
        f"check {guard.now} POST /upload {len(BODY)} {header}",
        f"check {guard.now} POST /upload 1 {guard.signed()}",
        f"check {guard.now + 2 * LIFETIME + 9} POST /upload {len(BODY)} {guard.signed()}",
        f"check {guard.now} POST /upload 13 {guard.signed('0' * 48)}",
    ]
    messages = [guard.step(line)[1] for line in lines]
    assert messages == [
        "the request has no Authorization: it has to be signed",
        "Authorization is not HMAC-SHA256 nonce=<48 digits>,sha256=<64>,mac=<64>",
        "the nonce was used by another request: ask for one for each",
        "the mac is not that of POST /upload with 1 bytes and the key of this firmware",
        "the nonce is 60000 ms old, which is too old: ask for another",
        "the nonce is not one of this device since its start: ask for another",
    ]
