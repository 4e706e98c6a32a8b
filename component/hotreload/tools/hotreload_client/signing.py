"""Signing of requests, as src/server/hr_auth.h of the component describes it."""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

from .errors import KeyFileError

SIZE = 32
VERSION = "hotreload-1"
NONCE_ENDPOINT = "/nonce"


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
        return "Key(...)"

    def authorization(self, method: str, endpoint: str, nonce: str, body: bytes) -> str:
        """The header's value for one request; `body` is as it will be sent."""
        digest = hashlib.sha256(body).hexdigest()
        lines = [VERSION, method, endpoint, str(len(body)), nonce, digest]
        text = "".join(f"{line}\n" for line in lines).encode()
        mac = hmac.new(self._secret, text, hashlib.sha256).hexdigest()
        return f"HMAC-SHA256 nonce={nonce},sha256={digest},mac={mac}"
