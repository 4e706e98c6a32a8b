"""What `ci/farm` can be told, as its --help describes it."""

import argparse
import getpass
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_embedded_hotreload.farm.places import parse_tags


@dataclass(frozen=True)
class Options:
    """Of one run; `wait` is in seconds."""

    coordinator: str
    job: str
    count: int
    priority: float
    wait: float
    free: bool
    tags: dict[str, str]
    command: list[str]


def parse_options(arguments: Sequence[str]) -> Options:
    """All before `--`, and the command behind it; raises `FarmError` and `SystemExit`."""
    words = list(arguments)
    at = words.index("--") if "--" in words else len(words)
    found = vars(_parser().parse_args(words[:at]))
    tags = parse_tags(found.pop("tags"))
    return Options(**found, tags=tags, command=words[at + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ci/farm", usage="ci/farm [OPTION ...] TAG=VALUE ... -- COMMAND ...", add_help=False
    )
    parser.add_argument(
        "--coordinator", default=os.environ.get("LG_COORDINATOR", "127.0.0.1:20408")
    )
    parser.add_argument("--job", default=f"{getpass.getuser()}@{socket.gethostname()}", type=_job)
    parser.add_argument("--count", type=_positive, default=1)
    parser.add_argument("--priority", type=float, default=0.0)
    parser.add_argument("--wait", type=float, default=3600.0)
    parser.add_argument("--free", action="store_true")
    parser.add_argument("tags", nargs="*")
    return parser


def _job(text: str) -> str:
    if not text or "/" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a job: it has no slash")
    return text


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of boards")
    return int(text)
