"""A run on boards: each is asked once at the beginning, and accounted for at the end."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import (
    Board,
    boards_file,
    load_boards,
    wifi_credentials,
)
from pytest_embedded_hotreload.board.link import Link
from pytest_embedded_hotreload.board.pool import Pool
from pytest_embedded_hotreload.board.power import switch_power
from pytest_embedded_hotreload.board.records import Records
from pytest_embedded_hotreload.errors import HarnessError


def chosen_boards(config: pytest.Config) -> list[Board]:
    """The boards that a run uses (`--boards`, `--board-tag`)."""
    file = boards_file(config.getoption("boards"), config.rootpath)
    return load_boards(file, config.getoption("board_tag"))


def records_folder(config: pytest.Config) -> Path:
    """Where the processes of a run share what happened to its boards."""
    # pytest's own folder for temporary files, the one below which xdist's workers have theirs
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return (base.parent if hasattr(config, "workerinput") else base) / "boards"


class BoardSession:
    """Hooks of pytest in a run on boards."""

    def __init__(self, boards: Sequence[Board], pool: Pool, records: Records) -> None:
        self._boards = boards
        self._pool = pool
        self._records = records
        #: what the running test has
        self.links: list[Link] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Repeat a test on another board when its own is lost; the board is told of at the end."""
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        while True:
            self.links = []
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
            lost = [link.board for link in self.links if link.lost is not None]
            if not lost or len(self._pool.boards) < len(self.links):
                break
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Find out which boards are there, all at once."""
        if hasattr(session.config, "workerinput") or session.config.option.collectonly:
            return
        try:
            for board in self._boards:
                wifi_credentials(board)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
        with self._pool.try_each() as free:
            asking = [threading.Thread(target=self._ask, args=(board,)) for board in free]
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join()
        failures = self._records.failures()
        if len(failures) == len(self._boards):
            raise pytest.UsageError("\n".join(failures.values()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A run is not passed when a board has failed, whatever the others have shown."""
        if self._records.failures() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line for each board."""
        terminalreporter.section("boards")
        failures = self._records.failures()
        for board in self._boards:
            count = len(self._records.tests(board))
            terminalreporter.line(f"{board}: {count} tests")
            if board.name in failures:
                terminalreporter.line(f"FAILED {failures[board.name]}", red=True)

    def _ask(self, board: Board) -> None:
        try:
            if board.power:
                switch_power(board, "on")  # a run that was killed may have left it off
            link = Link(board)
            link.run()
            link.close()
        except BoardError as error:
            self._records.add_failure(error)
