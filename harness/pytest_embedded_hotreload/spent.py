"""What the time of this process goes into: a clock of each kind of waiting, and of processors.

Like the processor's clock they only ever go on; who wants the time of something reads them twice.
"""

import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

#: of building firmwares and modules, of devices that start, of other processes that build
KINDS = BUILDS, BOOTS, LOCKS = "builds", "boots", "locks"
#: of processors, this process and all that it has started and waited for
PROCESSORS = "processors"

_waited = dict.fromkeys(KINDS, 0.0)


@contextmanager
def spent(kind: str) -> Iterator[None]:
    """Add the time of what happens inside to a kind of waiting."""
    started = time.monotonic()
    try:
        yield
    finally:
        _waited[kind] += time.monotonic() - started


def take_over(seconds: Mapping[str, float]) -> None:
    """Take what another run of pytest has waited for as waited for by this process."""
    for kind in KINDS:
        _waited[kind] += seconds[kind]


def clocks() -> dict[str, float]:
    """Seconds of each kind so far, and of processors."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    processors = time.process_time() + children.ru_utime + children.ru_stime
    return {PROCESSORS: processors, **_waited}


def since(before: dict[str, float]) -> dict[str, float]:
    """What has been spent since `clocks` said `before`, to the millisecond."""
    return {kind: round(now - before[kind], 3) for kind, now in clocks().items()}
