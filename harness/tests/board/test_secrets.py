"""Credentials reach the device when it asks, and nobody else."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_embedded_hotreload.board.secrets import PROMPT, Redactor, answer_prompt
from pytest_embedded_hotreload.console import Console

SECRETS = ("mynet", "mynetwork", "xyxyz")


@given(
    st.lists(st.sampled_from(["my", "net", "work", "xy", "xyz", " ", "x", "m", "\n"])), st.data()
)
def test_no_secret_is_shown_however_output_is_cut(words: list[str], data: st.DataObject) -> None:
    output = "".join(words).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(output)), max_size=4)))
    redact = Redactor(SECRETS)

    pieces = zip([0, *cuts], [*cuts, len(output)], strict=True)
    shown = b"".join(redact(output[start:end]) for start, end in pieces) + redact(b"\n\n\n")

    assert not any(secret.encode() in shown for secret in SECRETS)
    if not any(secret.encode() in output for secret in SECRETS):
        assert shown.rstrip(b"\n") == output.rstrip(b"\n")


def test_the_device_is_answered_at_each_boot(tmp_path: Path) -> None:
    console = Console(tmp_path / "log")
    sent: list[bytes] = []
    answer_prompt(console, ("lab", "hunter2"), sent.append)

    console.put(f"I (1) x: {PROMPT}:\r\nI (2) boot\r\n")
    console.put(f"I (1) x: {PROMPT}:\r\n")

    assert sent == [b"lab hunter2\n"] * 2
    console.close()
