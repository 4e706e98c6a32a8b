"""Names of functions as people write them."""

from __future__ import annotations

from collections.abc import Iterable

from hotreload_build.manifest import Manifest
from hotreload_build.names import demangled


def readable(names: Iterable[str], manifest: Manifest | None) -> dict[str, str]:
    """Each name with its readable form, by the toolchain of the build or by the host's."""
    compiler = manifest.languages["C"].compiler if manifest and "C" in manifest.languages else "gcc"
    return demangled(compiler, names)
