"""What a failed compiler or linker run means, in one line for each cause."""

from __future__ import annotations

import re

from .refusals import explain_undefined

# `file.o: in function `caller':`, then any number of references out of it
IN_FUNCTION = re.compile(r": in function [`'](?P<caller>[^']+)'")
UNDEFINED = re.compile(
    r"(?P<place>[^ ]*):\((?P<section>\.[^+)]+)\+0x[0-9a-f]+\): undefined reference to "
    r"[`'](?P<name>[^']+)'"
)
# with debug information the place is a source line, after the object if it is in no function
UNDEFINED_WITH_LINE = re.compile(
    r"(?:.*: )?(?P<object>.*\.o(?:bj)?:)?(?P<place>.+:\d+): undefined reference to "
    r"[`'](?P<name>[^']+)'"
)
# sections made by -ffunction-sections and -fdata-sections carry the name of what is in them
OWN_SECTION = re.compile(
    r"\.(?:literal|text|rodata|data|bss)(?:\.rel(?:\.ro)?(?:\.local)?)?"
    r"(?:\.(?:unlikely|hot|startup|exit))?\.(?P<owner>[^+]+)"
)


def explain_link_failure(component: str, output: str) -> tuple[str, str]:
    """A summary and what of the compiler's or linker's output is worth reading with it."""
    callers = undefined_references(output)
    if not callers:
        return f"module '{component}' does not compile or link", output
    thread_locals = [name for name in callers if name.startswith("__emutls_")]
    if thread_locals:
        users = ", ".join(callers[thread_locals[0]])
        return f"thread-local variables are not supported in a module: used by {users}", ""
    for name in callers:
        reason = explain_undefined(name, ", ".join(callers[name]))
        if reason:
            return reason, ""
    lines = (
        f"module '{component}': '{name}' is undefined, used by {', '.join(users)}: define it, or "
        "let the firmware have it (REQUIRES of the component that holds it)"
        for name, users in callers.items()
    )
    return "\n".join(lines), ""


def undefined_references(output: str) -> dict[str, list[str]]:
    """Names that the linker reports as undefined, each with the functions that use it."""
    callers: dict[str, list[str]] = {}
    function = ""
    for line in output.splitlines():
        header = IN_FUNCTION.search(line)
        if header:
            function = header["caller"]
        match = UNDEFINED.search(line) or UNDEFINED_WITH_LINE.search(line)
        if not match:
            continue
        users = callers.setdefault(match["name"], [])
        user = _user(match, function)
        if user not in users:
            users.append(user)
    return callers


def _user(match: re.Match[str], function: str) -> str:
    groups = match.groupdict()
    section = groups.get("section")
    owner = OWN_SECTION.fullmatch(section) if section else None
    if owner:
        return f"'{owner['owner']}'"
    in_function = section.startswith(".text") if section else not groups["object"]
    return f"'{function}'" if function and in_function else match["place"]
