"""The root of all tests: everything is in the plugin."""

pytest_plugins = ["pytest_embedded_hotreload.plugin"]
