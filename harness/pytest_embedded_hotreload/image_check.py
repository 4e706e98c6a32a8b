"""A comparison of each loaded module with the oracle, whatever a test is about.

Text and read-only data stay as they were loaded. Where the host reads the device's memory at no
cost they are compared when a request was answered and at the end of a test, each load once, so
that a wrong byte is told as that and not as what a test makes of it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.errors import MachineError
from pytest_embedded_hotreload.memory import Memory
from pytest_embedded_hotreload.modules import Module
from pytest_embedded_hotreload.oracle import (
    Image,
    ImageDiffers,
    constant_images,
    constant_sections,
    differences,
    explained,
)
from pytest_embedded_hotreload.placement import Placement, Segment, current_placement
from pytest_embedded_hotreload.trace import Trace


class ImageCheck:
    """Compares what one device has loaded."""

    def __init__(
        self,
        memory: Memory,
        console: Console,
        trace: Trace,
        fitting: Callable[[Placement], Sequence[Module]],
        name: Callable[[int], str | None],
    ) -> None:
        """`fitting` knows the modules that can have been placed so, the likeliest at the end."""
        self._memory = memory
        self._console = console
        self._trace = trace
        self._fitting = fitting
        self._name = name
        self._compared = (0, 0)

    def __call__(self) -> None:
        """Raise `ImageDiffers` when the module in use is not what it has to be.

        Every load is compared once. A module that nobody knows is not compared.
        """
        load = self._load()
        if load is None or load == self._compared:
            return
        self._compared = load
        try:
            differs = self._difference(current_placement(self._trace.seen))
        except MachineError:
            return  # it is off: somebody has cut the power beside the request
        # one that was replaced meanwhile was perhaps overwritten, too
        if differs is not None and self._load() == load:
            raise differs

    def _load(self) -> tuple[int, int] | None:
        """Boot and number of the module in use, while there is one that can be read."""
        self._console.catch_up()
        if self._console.ended() or self._trace.restarting:
            return None
        events = self._trace.seen
        switch = next((event for event in reversed(events) if event.name == "switch"), None)
        if switch is None or switch.boot != events[-1].boot or not switch["module"]:
            return None
        return switch.boot, switch.number("module")

    def _difference(self, placement: Placement) -> ImageDiffers | None:
        """None when the memory is that of a module with these segments; it may be any of them."""
        likeliest: tuple[Module, list[tuple[Image, bytes]]] | None = None
        for module in reversed(self._fitting(placement)):
            images = _expected(module.data, placement.segments, module.unstripped)
            differing = differences(self._memory, images)
            if not differing:
                return None
            likeliest = likeliest or (module, differing)
        if likeliest is None:
            return None
        module, differing = likeliest
        return explained(differing, module.unstripped.read_bytes(), self._name)


@lru_cache(maxsize=64)
def _expected(elf: bytes, segments: tuple[Segment, ...], unstripped: Path) -> Sequence[Image]:
    """What every device that has started with the same module has in the same places."""
    sections = constant_sections(unstripped.read_bytes())
    return constant_images(elf, Placement(0, segments), sections)
