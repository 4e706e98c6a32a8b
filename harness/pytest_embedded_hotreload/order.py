"""The order of tests: what explains comes before what depends on it.

A relocation that is wrong makes nearly every test fail, and the one that compares each byte with
the oracle says why. Within a group the order is that of collection.
"""

from collections.abc import Sequence

import pytest

#: words in the names of test files, by what is explained first
RANKS: Sequence[tuple[str, ...]] = (
    ("oracle", "relocation"),
    ("transaction", "reload", "load"),
    ("stub", "signature", "call0"),
    ("hooks",),
    ("state", "memory"),
    ("server", "upload", "auth"),
    # these take longest: not when all other processes have nothing left to do
    ("way",),
    ("faults",),
)


def rank(item: pytest.Item) -> int:
    """The place of a test among others: lower is earlier."""
    words = item.path.stem.split("_")
    return next(
        (place for place, known in enumerate(RANKS) if not set(known).isdisjoint(words)), len(RANKS)
    )


def prefer(config: pytest.Config) -> None:
    """Let pytest and pytest-randomly keep to the order.

    What failed last time comes first. The order is random for who gives `--randomly-seed`; what
    tests draw is random in any case.
    """
    options = config.option
    if hasattr(options, "failedfirst"):
        options.failedfirst = True
    if getattr(options, "randomly_seed", None) == "default":
        options.randomly_reorganize = False


def sort(items: list[pytest.Item], config: pytest.Config) -> None:
    """Put tests into order, unless a random one was asked for."""
    if not getattr(config.option, "randomly_reorganize", False):
        items.sort(key=rank)


def part(items: list[pytest.Item]) -> None:
    """Let a second process begin with the firmware of another folder: neither waits for a build."""
    on_devices = [item for item in items if "firmware" in getattr(item, "fixturenames", ())]
    other = next((i for i in on_devices if i.path.parent != on_devices[0].path.parent), None)
    if other is not None:
        items.remove(other)
        items.insert(items.index(on_devices[0]) + 1, other)
