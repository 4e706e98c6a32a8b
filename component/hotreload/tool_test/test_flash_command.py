"""`idf.py hotreload-flash`, which takes the serial port as ESP-IDF's own flash commands do."""

from __future__ import annotations

from typing import Any

from hotreload_loop.idf_commands import action_extensions

PORT = {"names": ["-p", "--port"], "scope": "global"}


def flash(action: str, ctx: Any, args: Any) -> None:
    """As ESP-IDF's: gives args.port to esptool."""


def test_the_port_goes_where_that_of_app_flash_goes() -> None:
    app_flash = {"callback": flash, "options": [PORT], "dependencies": ["app"]}
    actions = action_extensions({"actions": {"app-flash": app_flash}}, "")["actions"]
    assert actions["hotreload-flash"]["callback"] is flash
    assert actions["hotreload-flash"]["options"] == [PORT]


def test_the_application_is_not_built_for_it_alone() -> None:
    """`all` only comes first when it is asked for, too."""
    app_flash = {"callback": flash, "options": [], "dependencies": ["app"]}
    command = action_extensions({"actions": {"app-flash": app_flash}}, "")["actions"][
        "hotreload-flash"
    ]
    assert not command.get("dependencies")
    assert command["order_dependencies"] == ["all", "erase-flash"]


def test_without_the_flash_commands_of_esp_idf_it_is_left_to_the_build() -> None:
    assert "hotreload-flash" not in action_extensions({"actions": {}}, "")["actions"]
