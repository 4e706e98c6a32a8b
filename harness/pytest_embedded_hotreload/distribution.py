"""Which process of `pytest -n` runs which test.

A seeded fault builds the firmware of its scenario from sources of its own, so those that are
caught in one file go to one process: it then builds only what the next fault changes.
"""

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from pytest_embedded_hotreload.faults import Fault

_FAULT = re.compile(r"::test_fault_is_caught\[(\w+)\]$")


class InOrder(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests in their order one by one, and faults of one file together."""

    def _split_scope(self, nodeid: str) -> str:
        found = _FAULT.search(nodeid)
        if found is None:
            return nodeid
        catches = Fault.load(self.config.rootpath, found[1]).caught_by[0]
        return f"faults of {catches.partition('::')[0]}"


def scheduler(config: pytest.Config, log: Producer) -> InOrder | None:
    """What xdist distributes tests by, unless another way than its default was asked for."""
    if config.option.dist != "load":
        return None
    config.option.loadscopereorder = False
    return InOrder(config, log)
