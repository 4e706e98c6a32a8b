"""What pytest loads in every environment that has this package: it asks whether it is wanted.

A project wants the plugin when its configuration says `hotreload = true`. In all others there is
nothing of it but that name: no option, no fixture, no import.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add how a project asks."""
    parser.addini(
        "hotreload", "whether tests of hot reload on devices are run", type="bool", default=False
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Load the plugin, after those of pytest-embedded, whose fixtures its own take the place of."""
    if early_config.getini("hotreload"):
        early_config.pluginmanager.import_plugin("pytest_embedded_hotreload.plugin")
