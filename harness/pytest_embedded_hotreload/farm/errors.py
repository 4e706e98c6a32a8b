"""What can go wrong with a farm, each told in one line."""

from pytest_embedded_hotreload.errors import HarnessError


class FarmError(HarnessError):
    """The coordinator or a place cannot be used."""
