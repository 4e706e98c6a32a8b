"""Build modules for the hotreload component: stubs, symbols, linking, variants.

The CMake function `hotreload_setup()` runs this through `hotreload_module.py`; a test harness
imports it to build variants of a module from the manifest that the CMake build leaves behind::

    from hotreload_build.manifest import Manifest
    from hotreload_build.variant import build_module

    manifest = Manifest.load(build / "hotreload" / "module_manifest.json")
    module = build_module(manifest, [Path("variant.c")], Path("variant.so"))

Each module is imported by itself: nearly all the time of a command is Python's start and its
imports. Needs Python 3.8 and nothing else.
"""
