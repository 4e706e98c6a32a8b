"""What a device is put under while its module is replaced, and what was seen of it."""

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from plotly.subplots import make_subplots

from pytest_embedded_hotreload.api import Device, HotReloadClient, Module, NoAnswer, UpdateBusyError
from scenarios.bench import Bench

POLLERS = 8
#: of each poller between two requests, in seconds: without one nothing but the server would run
PAUSE = 0.1
#: for an answer, in seconds
TIMEOUT = 20.0


@dataclass
class Load:
    """Eight clients that ask for `/status`, and one that uploads, seldom to the end."""

    device: Device
    modules: list[Module]
    seed: int
    asked: int = 0
    #: connections that made room for others
    closed: int = 0
    cut: int = 0
    whole: int = 0
    #: seconds that each answer of `/status` took
    _answers: list[float] = field(default_factory=list)
    _over: Event = field(default_factory=Event)

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Until the body is over; a client that was not served as promised fails it."""
        self._over.clear()
        with ThreadPoolExecutor(POLLERS + 1) as pool:
            clients: list[Future[None]] = [pool.submit(self._poll) for _ in range(POLLERS)]
            clients.append(pool.submit(self._upload))
            try:
                yield
            finally:
                self._over.set()
            for client in clients:
                client.result()

    def take_answers(self) -> list[float]:
        """The seconds that each answer of `/status` took since this was asked last."""
        answers, self._answers = self._answers, []
        self.asked += len(answers)
        return answers

    def _poll(self) -> None:
        while not self._over.wait(PAUSE):
            seconds = self._ask()
            while seconds is None:
                self.closed += 1
                seconds = self._ask()
            self._answers.append(seconds)

    def _ask(self) -> float | None:
        """Seconds for an answer; None when the connection had to make room for that of another.

        A client asks again then (RFC 9110 section 9.2.2). The first request is not measured:
        QEMU lets one client knock at a time, and opens a connection whose first frame was lost
        again after six seconds.
        """
        connection = HTTPConnection(urlsplit(self.device.client.url).netloc, timeout=TIMEOUT)
        try:
            self._get_status(connection)
            asked = time.monotonic()
            self._get_status(connection)
        except (RemoteDisconnected, ConnectionResetError):
            return None
        finally:
            connection.close()
        return time.monotonic() - asked

    @staticmethod
    def _get_status(connection: HTTPConnection) -> None:
        connection.request("GET", "/status")
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)["status"]) == (200, "ok")

    def _upload(self) -> None:
        choice = random.Random(self.seed)
        client = HotReloadClient(lambda: self.device.client.url)
        while not self._over.is_set():
            elf = choice.choice(self.modules).data
            if choice.random() < 0.8:
                with client.raw("/upload", len(elf)) as upload:
                    upload.send(elf[: choice.randrange(len(elf))])
                    upload.cut()
                self.cut += 1
            else:
                self._upload_whole(client, elf)
                pending = client.pending()["pending"]
                assert pending == {"size": len(elf), "hash": hashlib.sha256(elf).hexdigest()}
                self.whole += 1
            client.disconnect()  # the server makes room for others

    @staticmethod
    def _upload_whole(client: HotReloadClient, elf: bytes) -> None:
        """When the one that was cut is over, and when the connection is not closed for another."""
        while True:
            try:
                client.upload(elf)
            except (UpdateBusyError, NoAnswer):
                client.disconnect()
            else:
                return


@dataclass(frozen=True)
class Batch:
    """What some thousand reloads have left."""

    minutes: float
    reloads: int
    data_blocks: int
    exec_blocks: int
    data_free: int
    exec_free: int
    slowest_answer: float

    @classmethod
    def seen(cls, started: float, reloads: int, bench: Bench, load: Load) -> "Batch":
        """What is there now, `started` being the monotonic clock at the beginning."""
        blocks, free = bench.allocated(), bench.free_memory()
        minutes = (time.monotonic() - started) / 60
        slowest = max(load.take_answers())
        return cls(minutes, reloads, blocks.data, blocks.exec, free.data, free.exec, slowest)


def chart(batches: list[Batch], file: Path) -> None:
    """Memory and answers over time, as a page that needs no other file."""
    figure = make_subplots(
        rows=3, shared_xaxes=True, subplot_titles=("blocks", "bytes free", "slowest answer [s]")
    )
    minutes = [batch.minutes for batch in batches]
    lines: list[tuple[int, str, Callable[[Batch], float]]] = [
        (1, "data", lambda batch: batch.data_blocks),
        (1, "code", lambda batch: batch.exec_blocks),
        (2, "data", lambda batch: batch.data_free),
        (2, "code", lambda batch: batch.exec_free),
        (3, "/status", lambda batch: batch.slowest_answer),
    ]
    for row, name, value in lines:
        figure.add_scatter(
            x=minutes, y=[value(batch) for batch in batches], name=name, row=row, col=1
        )
    figure.update_xaxes(title="minutes", row=3)
    figure.update_layout(title=f"{batches[-1].reloads:,} reloads")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(figure.to_html(include_plotlyjs=True))
