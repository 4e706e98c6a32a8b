"""Signing of requests, as src/server/hr_auth.h of the component describes it."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import KeyFileError, OtherKeyError, OtherVersionError

SIZE = 32
VERSION = 2
NONCE_ENDPOINT = "/nonce"


@dataclass(frozen=True)
class Challenge:
    """What a device tells who wants to change it."""

    device: str  # its id
    key: str  # the id of the key that it wants
    nonce: str  # for one request

    @staticmethod
    def read(answer: dict[str, Any]) -> Challenge:
        """The answer to `GET /nonce`."""
        version = answer.get("version", 1)  # which did not tell
        if version != VERSION:
            older = "firmware" if version < VERSION else "client"
            raise OtherVersionError(
                f"the device takes requests signed in version {version}, this client signs in "
                f"version {VERSION}: update the {older}, or use the client of the firmware's "
                "release of the component"
            )
        return Challenge(str(answer["device"]), str(answer["key"]), str(answer["nonce"]))


class Key:
    """The secret of one firmware. It can sign, and is never shown."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SIZE:
            raise KeyFileError(f"a key has {SIZE} bytes, not {len(secret)}")
        self._secret = secret

    @staticmethod
    def load(path: Path) -> Key:
        """Read the file that the firmware's build has made."""
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise KeyFileError(f"cannot read the key file {path}: {error.strerror}") from error
        except UnicodeDecodeError:
            text = ""
        if not re.fullmatch(f"[0-9a-fA-F]{{{2 * SIZE}}}", text):
            raise KeyFileError(f"{path} is not a key: it has not {2 * SIZE} hexadecimal digits")
        return Key(bytes.fromhex(text))

    def __repr__(self) -> str:
        return f"Key({self.id})"

    @property
    def id(self) -> str:
        """Tells it from other keys, and is no secret: a device says which one it wants."""
        return hashlib.sha256(self._secret).hexdigest()[:16]

    def authorization(self, endpoint: str, challenge: Challenge, elf: bytes = b"") -> str:
        """The header's value for one request; `elf` in whatever form it is sent."""
        if challenge.key != self.id:
            raise OtherKeyError(
                f"the device wants key {challenge.key}, this is {self.id}: give the auth_key of "
                "the build that was flashed, or flash this one"
            )
        digest = hashlib.sha256(elf).hexdigest()
        lines = [f"hotreload-{VERSION}", endpoint, challenge.device, challenge.nonce, digest]
        text = "".join(f"{line}\n" for line in lines).encode()
        mac = hmac.new(self._secret, text, hashlib.sha256).hexdigest()
        return f"HMAC-SHA256 version={VERSION},nonce={challenge.nonce},sha256={digest},mac={mac}"
