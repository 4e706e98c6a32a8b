"""Build modules for the hotreload component: stubs, symbols, linking, variants.

The CMake function `hotreload_setup()` runs this through `hotreload_module.py`; a test harness
imports it to build variants of a module from the manifest that the CMake build leaves behind::

    manifest = Manifest.load(build / "hotreload" / "module_manifest.json")
    module = build_module(manifest, [Path("variant.c")], Path("variant.so"))

Needs Python 3.8 and pyelftools, which every ESP-IDF environment has.
"""

from .errors import ModuleError
from .link import Module, build_module, link_module
from .manifest import Manifest, Partition, Toolset

__all__ = [
    "Manifest",
    "Module",
    "ModuleError",
    "Partition",
    "Toolset",
    "build_module",
    "link_module",
]
