"""Files that may be anything: what is wrong with one is told, whatever the reader stumbles over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hotreload_build.errors import ModuleError
from pytest_embedded_hotreload.cli.errors import CommandError


@contextlib.contextmanager
def usable(path: Path) -> Iterator[None]:
    """Inside, `path` is read; a file that is damaged makes pyelftools raise nearly anything."""
    try:
        yield
    except (CommandError, ModuleError):
        raise
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:
        why = str(error) or type(error).__name__
        raise CommandError(f"{path} is not a usable ELF file: {why}") from error
