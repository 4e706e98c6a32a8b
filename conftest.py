"""The root of all tests: what a project has that is installed and says `hotreload = true`."""

pytest_plugins = ["pytest_embedded_hotreload.plugin", "ci.selection", "benchmarks.kept"]
