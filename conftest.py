"""The root of all tests: what a project has that is installed and says `hotreload = true`."""

from collections.abc import Iterator

import pytest

from ci import bytecode

bytecode.keep()

pytest_plugins = ["pytest_embedded_hotreload.plugin", "ci.selection", "benchmarks.kept"]


@pytest.fixture(scope="session", autouse=True)
def _temporary_files_leave_nothing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    bytecode.drop(tmp_path_factory.getbasetemp())
