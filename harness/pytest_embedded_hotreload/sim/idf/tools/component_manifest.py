#!/usr/bin/env python3
"""Lists what idf_component.yml manifests ask for, as far as it is on this machine.

Prints for CMake, one per line: `manifest <file>` for each manifest read, `dir <directory>` for each
component directory found, `edge <component>=<dependency>` for each requirement. Dependencies that
would have to be downloaded are named on stderr and left out.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class ManifestError(Exception):
    """A manifest that cannot be used; the text is for the user."""


@dataclass
class Resolution:
    manifests: list[Path] = field(default_factory=list)
    directories: list[Path] = field(default_factory=list)
    edges: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def read_dependencies(manifest: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(manifest.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ManifestError(f"{manifest}: {' '.join(str(error).split())}") from error
    dependencies = content.get("dependencies") if isinstance(content, dict) else None
    if dependencies is None:
        return {}
    if not isinstance(dependencies, dict):
        raise ManifestError(f"{manifest}: 'dependencies' has to be a mapping")
    return dependencies


def local_directory(manifest: Path, name: str, spec: object) -> Path | None:
    """The directory that a dependency names; None if it comes from a registry or by git."""
    if not isinstance(spec, dict):
        return None
    key = next((key for key in ("override_path", "path") if key in spec), None)
    if key is None or "git" in spec:
        return None
    directory = (manifest.parent / str(spec[key])).resolve()
    if not (directory / "CMakeLists.txt").is_file():
        raise ManifestError(
            f"{manifest}: {key} '{spec[key]}' of dependency '{name}' is not a component directory "
            f"(no CMakeLists.txt in {directory})"
        )
    return directory


def resolve(manifests: list[Path]) -> Resolution:
    result = Resolution()
    queue = [manifest.resolve() for manifest in manifests]
    while queue:
        manifest = queue.pop(0)
        if manifest in result.manifests:
            continue
        result.manifests.append(manifest)
        owner = manifest.parent.name
        for name, spec in read_dependencies(manifest).items():
            if name == "idf":
                continue
            directory = local_directory(manifest, name, spec)
            if directory is None:
                result.skipped.append(f"{name} (of {owner})")
                continue
            result.edges.append((owner, directory.name))
            if directory not in result.directories:
                result.directories.append(directory)
            nested = directory / "idf_component.yml"
            if nested.is_file():
                queue.append(nested)
    return result


def main() -> int:
    try:
        result = resolve([Path(argument) for argument in sys.argv[1:]])
    except ManifestError as error:
        print(error, file=sys.stderr)
        return 1
    for manifest in result.manifests:
        print(f"manifest {manifest}")
    for directory in result.directories:
        print(f"dir {directory}")
    for owner, dependency in result.edges:
        print(f"edge {owner}={dependency}")
    if result.skipped:
        names = ", ".join(result.skipped)
        print(f"Component manager: not downloaded and left out: {names}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
