"""C++ names as people write them."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import ModuleError
from .toolchain import run_tool, sibling


def demangled(compiler: str, names: Iterable[str]) -> dict[str, str]:
    """Each name with its readable form; the compiler's own c++filt runs only if one needs it."""
    readable = {name: name for name in names}
    mangled = [name for name in readable if name.startswith("_Z")]
    if not mangled:
        return readable
    program = sibling(compiler, "c++filt")
    if program is None:
        return readable
    try:
        result = run_tool([program], "".join(f"{name}\n" for name in mangled))
    except ModuleError:
        return readable  # a name that is hard to read is better than none
    lines = result.stdout.splitlines()
    if result.returncode == 0 and len(lines) == len(mangled):
        readable.update({name: lines[at] for at, name in enumerate(mangled)})
    return readable
