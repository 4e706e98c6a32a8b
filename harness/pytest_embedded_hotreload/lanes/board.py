"""Lane `board`: ESP-IDF on boards at serial ports."""

import contextlib
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_embedded.utils import ClassCliOptions

from pytest_embedded_hotreload.board.dut import BoardDut
from pytest_embedded_hotreload.board.link import Link
from pytest_embedded_hotreload.board.memory import BoardFlash, ProbeMemory
from pytest_embedded_hotreload.board.pool import Pool, lock_folder
from pytest_embedded_hotreload.board.records import Records
from pytest_embedded_hotreload.board.serial import BoardSerial
from pytest_embedded_hotreload.board.session import BoardSession, chosen_boards, records_folder
from pytest_embedded_hotreload.emulator.app import EmulatedApp
from pytest_embedded_hotreload.esp32.program import PATIENCE
from pytest_embedded_hotreload.esp_idf.lane import EspIdfLane
from pytest_embedded_hotreload.lanes.base import DutContext
from pytest_embedded_hotreload.progress import Progress
from pytest_embedded_hotreload.screen import screen_of

PROBE_PORT = 8081

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "ethernet": {"CONFIG_EXAMPLE_CONNECT_WIFI": "n", "CONFIG_EXAMPLE_CONNECT_ETHERNET": "y"},
    "wifi": {
        "CONFIG_EXAMPLE_CONNECT_WIFI": "y",
        "CONFIG_EXAMPLE_CONNECT_ETHERNET": "n",
        "CONFIG_EXAMPLE_WIFI_SSID_PWD_FROM_STDIN": "y",
    },
}


class BoardLane(EspIdfLane):
    """The real thing, or what stands in for it behind an RFC2217 port."""

    name = "board"
    summary = "ESP-IDF v5.0 or later on boards at serial ports"
    services = "idf,esp"
    capabilities = frozenset(
        {"http", "memory", "flash", "reset", "fresh-flash", "two-cores", "libstdc++"}
    )

    _records: Records
    _pool: Pool
    _progress: Progress
    _session: BoardSession

    def configure(self, config: pytest.Config) -> None:
        self._progress = Progress(screen_of(config))
        boards = chosen_boards(config)
        if len(boards) > 1:
            self.capabilities = self.capabilities | {"several-devices"}
        # a restart by the firmware itself is what Espressif's QEMU cannot do
        if any("emulated" in board.tags for board in boards):
            self.patience = PATIENCE
        else:
            self.capabilities = self.capabilities | {"soft-reset"}
        if all("psram" in board.tags for board in boards):
            self.capabilities = self.capabilities | {"psram"}
        if all(board.power for board in boards):
            self.capabilities = self.capabilities | {"power-cut"}
        self._records = Records(functools.partial(records_folder, config))
        self._pool = Pool(boards, self._records, lock_folder())
        self._session = BoardSession(boards, self._pool, self._records)
        config.pluginmanager.register(self._session)

    @contextlib.contextmanager
    def boards(self, count: int, test: str) -> Iterator[list[Link]]:
        with self._pool.take(count, Link) as links:
            for link in links:
                link.progress = self._progress
                self._records.add_test(link.board, test)
            self._session.links = links
            try:
                yield links
            finally:
                for link in links:
                    link.close()
                    if link.lost is not None:
                        self._records.add_failure(link.lost)

    def settings(self, board: Link) -> Mapping[str, str]:
        return {**SETTINGS[board.board.network], **board.board.sdkconfig}

    def put_in_classes(self, options: ClassCliOptions, context: DutContext) -> None:
        options.classes.update(app=EmulatedApp, serial=BoardSerial, dut=BoardDut)
        app = options.kwargs["app"]
        options.kwargs["app"] = {
            "app_path": app["app_path"],
            "build_dir": str(context.build_dir),
            "part_tool": app.get("part_tool"),
        }
        options.kwargs["serial"] = {
            "app": None,  # filled in by pytest-embedded
            "link": context.board,
            "console": context.console,
        }
        options.kwargs["dut"].update(console=context.console, gdb=context.gdb)

    def url(self, dut: Any, port: int) -> str:
        return f"http://{dut.host(port)}"

    def memory(self, dut: Any) -> ProbeMemory:
        return ProbeMemory(functools.partial(self.url, dut, PROBE_PORT))

    def flash(self, dut: Any) -> BoardFlash:
        url = functools.partial(self.url, dut, PROBE_PORT)
        return BoardFlash(dut.serial.link, Path(dut.app.image_path), url)


LANE = BoardLane
