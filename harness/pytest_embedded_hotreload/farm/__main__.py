"""A command with boards of a farm: called by `ci/farm`, whose --help describes it."""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_embedded_hotreload.board.inventory import BOARDS_VARIABLE
from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.farm.coordinator import Coordinator
from pytest_embedded_hotreload.farm.errors import FarmError
from pytest_embedded_hotreload.farm.options import Options, parse_options
from pytest_embedded_hotreload.farm.places import write_boards
from pytest_embedded_hotreload.farm.reserve import take_boards
from pytest_embedded_hotreload.farm.say import say
from pytest_embedded_hotreload.paths import ROOT
from pytest_embedded_hotreload.sim.sdk import cache_root

#: what all jobs have instead of the name of a host: a job may run on any
HOST = "farm"
#: what is run with the boards
DEFAULT = [str(ROOT / "ci" / "board"), "--together"]


def main(arguments: Sequence[str]) -> int:
    """Run the command; its status, or 1 when it has got no board."""
    try:
        options = parse_options(arguments)
    except FarmError as error:
        say(str(error))
        return 2
    logging.disable()  # labgrid and gRPC log what is told here as an error
    os.environ |= {
        "LG_COORDINATOR": options.coordinator,
        "LG_HOSTNAME": HOST,
        "LG_USERNAME": options.job,
    }
    try:
        with _only_run_of(options.job):
            return asyncio.run(_run(options))
    except HarnessError as error:
        say(str(error))
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 128 + signal.SIGINT


async def _run(options: Options) -> int:
    async with Coordinator.connect(options.coordinator) as coordinator:
        for name in await coordinator.free():
            say(f"{name} was left by an earlier run of job {options.job}: freed")
        if options.free:
            return 0
        _be_cancelled_by_sigterm()
        try:
            boards = await take_boards(
                coordinator,
                options.tags,
                options.count,
                options.priority,
                options.wait,
                [str(Path(sys.executable).with_name("labgrid-client"))],
            )
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "boards.yaml"
                write_boards(file, boards)
                return await _command(options.command or DEFAULT, file, coordinator)
        finally:
            try:
                await coordinator.free()
            except FarmError as error:
                say(f"what job {options.job} holds is not given back: {error}")


def _be_cancelled_by_sigterm() -> None:
    """A job that is stopped gives up what it holds."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _command(command: Sequence[str], boards: Path, coordinator: Coordinator) -> int:
    """Run the command; it gets the signals, and the boards are its own until it has ended."""
    try:
        child = await asyncio.create_subprocess_exec(
            *command, env=os.environ | {BOARDS_VARIABLE: str(boards)}
        )
    except OSError as error:
        raise FarmError(f"{command[0]} cannot be run: {error.strerror}") from error
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # the terminal has told the child, too
    loop.add_signal_handler(signal.SIGTERM, child.send_signal, signal.SIGINT)
    lost = asyncio.create_task(coordinator.lost())
    ended = asyncio.create_task(child.wait())
    await asyncio.wait({lost, ended}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        say("the coordinator has gone: the boards stay with this run, but others may get them, too")
    lost.cancel()
    return await ended


@contextlib.contextmanager
def _only_run_of(job: str) -> Iterator[None]:
    """What a job holds is what its earlier runs have left, unless another one is under way."""
    folder = cache_root() / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{job}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FarmError(
                f"job {job} is running on this machine: wait for its end, or name another --job"
            ) from error
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
