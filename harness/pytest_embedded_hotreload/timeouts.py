"""How long a test may take: a device that is stuck ends its test, and not the run.

pytest-timeout's limits, for the body of a test: what its fixtures build may take longer.
"""

import os

import pytest

#: of a test of a device in lane `sim`, when nobody has said another one, in seconds
LIMIT = 60.0


def lengthen(config: pytest.Config, patience: float) -> None:
    """A limit from the project's configuration is for lane `sim`."""
    if config.getoption("timeout") is None and config.getini("timeout"):
        config.option.timeout = float(config.getini("timeout")) * patience


def limit(item: pytest.Item, patience: float) -> None:
    """Limit a test of a device by its marker, by what the project has chosen, else by `LIMIT`."""
    marker = item.get_closest_marker("timeout")
    arguments = marker.args if marker else ()
    settings = dict(marker.kwargs) if marker else {}
    if not arguments and "timeout" not in settings and not _chosen(item.config):
        settings["timeout"] = LIMIT * patience
    item.add_marker(pytest.mark.timeout(*arguments, **{"func_only": True, **settings}), False)


def _chosen(config: pytest.Config) -> bool:
    return config.getoption("timeout") is not None or "PYTEST_TIMEOUT" in os.environ
