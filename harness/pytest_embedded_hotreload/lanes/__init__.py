"""The lanes, each in a file of its own."""

import importlib
import pkgutil

from pytest_embedded_hotreload.errors import UnknownNameError
from pytest_embedded_hotreload.lanes.base import CAPABILITIES, DutContext, Lane

__all__ = ["CAPABILITIES", "DutContext", "Lane", "find_lane", "lane_names"]


def lane_names() -> list[str]:
    """The lanes there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")


def find_lane(name: str) -> Lane:
    """The lane called `name`."""
    if name not in lane_names():
        known = ", ".join(lane_names())
        raise UnknownNameError(f"unknown lane {name!r}: this version has {known}")
    lane: Lane = importlib.import_module(f"{__name__}.{name}").LANE()
    return lane
