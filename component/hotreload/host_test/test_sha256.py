"""SHA-256 and HMAC by both interfaces of the library, against published examples."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., str]

# FIPS 180-4; NIST's "Examples with Intermediate Values", SHA256.pdf and SHA2_Additional.pdf
HASHES = {
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    b"\xbd": "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b",
    bytes(55): "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7",
    bytes(56): "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb",
    bytes(57): "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785",
    bytes(64): "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b",
    bytes(1000): "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53",
}

# RFC 4231, section 4, test cases 1 to 4, 6 and 7 (5 is about truncated results)
MACS = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. "
        b"The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]


@pytest.fixture(params=["md", "psa"])
def program(request: pytest.FixtureRequest, program_named: Callable[[str], Path]) -> Program:
    """The interface of ESP-IDF v5's library, and that of v6's."""
    path = program_named(f"sha256_{request.param}")

    def run(*arguments: str) -> str:
        done = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return run


@pytest.mark.parametrize("message", HASHES, ids=lambda message: f"{len(message)}_bytes")
def test_published_hashes(program: Program, message: bytes) -> None:
    assert program("hash", message.hex()) == HASHES[message]


@pytest.mark.parametrize("case", range(len(MACS)))
def test_published_macs(program: Program, case: int) -> None:
    key, message, mac = MACS[case]
    assert program("hmac", key.hex(), message.hex()) == mac


def test_pieces_of_any_size(program: Program) -> None:
    numbers = random.Random(1)
    for _ in range(20):
        pieces = [numbers.randbytes(numbers.choice([0, 1, 63, 64, 65, 500])) for _ in range(5)]
        wanted = hashlib.sha256(b"".join(pieces)).hexdigest()
        assert program("hash", *(piece.hex() for piece in pieces)) == wanted


def test_keys_of_any_size(program: Program) -> None:
    for size in (1, 31, 32, 33, 63, 64, 65):
        key = bytes(range(size))
        wanted = hmac.new(key, b"text", "sha256").hexdigest()
        assert program("hmac", key.hex(), b"text".hex()) == wanted


def test_a_dropped_hash_leaves_nothing(program: Program) -> None:
    assert program("drop", "0123") == ""


def test_a_difference_is_seen_in_every_bit(program: Program) -> None:
    value = bytes(range(16))
    assert program("same", value.hex(), value.hex(), "16") == "1"
    for byte, bit in itertools.product((0, 7, 15), range(8)):
        other = bytearray(value)
        other[byte] ^= 1 << bit
        assert program("same", value.hex(), other.hex(), "16") == "0"
        assert program("same", value.hex(), other.hex(), str(byte)) == "1"
