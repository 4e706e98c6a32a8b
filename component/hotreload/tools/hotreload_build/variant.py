"""Variants of a module, from other sources than those of its build."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from .errors import ModuleError
from .link import Module, link, run
from .manifest import Manifest


def build_module(
    manifest: Manifest,
    sources: Sequence[Path],
    output: Path,
    *,
    unstripped: Path | None = None,
    compile_options: Sequence[str] = (),
    link_options: Sequence[str] = (),
    linker_script: Path | None = None,
) -> Module:
    """Build a variant of the manifest's module from `sources`.

    `compile_options` and `link_options` come after those of the manifest. `linker_script`
    replaces the component's. Sources of one language cost one run of the compiler's driver.
    """
    missing = [str(source) for source in sources if not source.is_file()]
    if missing or not sources:
        raise ModuleError(f"no such source: {', '.join(missing) or 'none given'}")
    toolsets = [manifest.toolset(source) for source in sources]
    unstripped = unstripped or output.with_suffix(".unstripped.so")
    if all(toolset == toolsets[0] for toolset in toolsets):
        inputs = [*toolsets[0].arguments(), *compile_options, *map(str, sources)]
        return link(manifest, inputs, output, unstripped, link_options, linker_script)
    with tempfile.TemporaryDirectory(prefix="hotreload-") as folder:
        objects = []
        for index, source in enumerate(sources):
            objects.append(str(Path(folder) / f"{index}-{source.name}.obj"))
            compile_source = ["-c", str(source), "-o", objects[-1]]
            toolset = toolsets[index]
            run(
                [toolset.compiler, *toolset.arguments(), *compile_options, *compile_source],
                manifest,
            )
        inputs = [*manifest.languages["C"].flags, *objects]
        return link(manifest, inputs, output, unstripped, link_options, linker_script)
