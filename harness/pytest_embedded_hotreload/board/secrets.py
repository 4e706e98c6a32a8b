"""Credentials on their way to the device, and nowhere else."""

from collections.abc import Callable

from pytest_embedded_hotreload.console import Console, ConsoleLine

#: with CONFIG_EXAMPLE_WIFI_SSID_PWD_FROM_STDIN, example_connect() asks for them at each boot, so
#: that neither a build nor the flash holds them
PROMPT = "Please input ssid password"
HIDDEN = b"<hidden>"


def answer_prompt(
    console: Console, credentials: tuple[str, str], write: Callable[[bytes], None]
) -> None:
    """Send them to the device whenever it asks."""

    def follow(line: ConsoleLine) -> None:
        if PROMPT in line.text:
            write(" ".join(credentials).encode() + b"\n")

    console.follow(follow)


class Redactor:
    """Takes secrets out of what a device prints, wherever its pieces are cut."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = [secret.encode() for secret in secrets if secret]
        self._kept = b""

    def __call__(self, data: bytes) -> bytes:
        """What may be shown now; the beginning of a secret is kept until more is known."""
        text = self._kept + data
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        cut = min((self._unfinished(text, secret) for secret in self._secrets), default=len(text))
        self._kept = text[cut:]
        return text[:cut]

    @staticmethod
    def _unfinished(text: bytes, secret: bytes) -> int:
        longest = min(len(secret) - 1, len(text))
        starts = (
            len(text) - size for size in range(longest, 0, -1) if text.endswith(secret[:size])
        )
        return next(starts, len(text))
