"""The root of all tests: everything is in the plugin."""

pytest_plugins = ["harness.plugin"]
