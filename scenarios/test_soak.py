"""Thousands of replacements under load: nothing is lost, nothing used up, everybody is answered.

Four tasks call the module without pause, eight clients poll the server, and a ninth uploads, and
drops most of its connections in mid-transfer.
"""

import time
from collections.abc import Callable

import pytest

from pytest_embedded_hotreload.api import Device, Variant
from scenarios.bench import Bench, Soak
from scenarios.soak import POLLERS, Batch, Load, chart

#: freed memory is overwritten: who still executes it crashes at once
CONFIG = {
    "CONFIG_HEAP_POISONING_COMPREHENSIVE": "y",
    "CONFIG_HOTRELOAD_TRACE": "n",
    "CONFIG_FREERTOS_HZ": "1000",
    # a first frame that the interface has no room for is sent again after six seconds
    "CONFIG_ETH_OPENETH_DMA_RX_BUFFER_NUM": "32",
}
BATCH = 200
#: the most that a client waits for `/status`, in seconds: at night, when the machine is quiet
ANSWER = 1.0

pytestmark = pytest.mark.firmware(config=CONFIG)


@pytest.fixture
def soak(
    device: Device, bench: Bench, variant: Variant, figure: Callable[[str], None]
) -> Callable[..., list[Batch]]:
    """Replace the module `reloads` times, and more often if it is to take more minutes."""

    def run(reloads: int, minutes: float = 0) -> list[Batch]:
        modules = [variant("answer_43"), variant()]
        answers = [(modules[0].data, 43), (modules[1].data, 42)]
        load = Load(device, modules, seed=reloads)
        before = bench.allocated()
        batches: list[Batch] = []
        started, done = time.monotonic(), 0
        while done < reloads or time.monotonic() - started < 60 * minutes:
            with load.beside():
                seen = bench.soak(BATCH, answers, timeout=150, crowded=True)
            assert seen == Soak(reloads=BATCH, failed=0, wrong=0, fewest=seen.fewest)
            assert seen.fewest > 0, "a task was kept from calling"
            done += BATCH
            batches.append(Batch.seen(started, done, bench, load))
            assert bench.allocated().more_than(before, connections=POLLERS + 1) == {}
        slowest = max(batch.slowest_answer for batch in batches)
        figure(
            f"{done} reloads, {load.asked} answers, the slowest {slowest:.2f} s, "
            f"{load.closed} asked again; {load.cut} uploads cut, {load.whole} whole"
        )
        return batches

    return run


@pytest.mark.timeout(300)
def test_nothing_is_lost_while_everybody_wants_something(
    soak: Callable[[int], list[Batch]],
) -> None:
    soak(BATCH)


@pytest.mark.nightly
@pytest.mark.timeout(0)
def test_nothing_is_lost_for_hours(
    request: pytest.FixtureRequest, soak: Callable[[int, float], list[Batch]]
) -> None:
    """As many as fit in `--soak-minutes`; `ci/soak` gives its time, and keeps the chart."""
    batches = soak(10_000, request.config.getoption("soak_minutes"))

    folder = request.config.getoption("report_dir")
    if folder is not None:
        chart(batches, folder / "soak.html")
    slowest = max(batch.slowest_answer for batch in batches)
    assert slowest < ANSWER, f"/status took {slowest:.2f} s"
