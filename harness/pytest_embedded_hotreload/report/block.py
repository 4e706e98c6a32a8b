"""What a failed test ends with: what ran, where its files are, what came last, how to repeat it."""

import shlex
from collections.abc import Iterator

import pytest

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.crash import is_panic
from pytest_embedded_hotreload.keys import FIRMWARE, MODULES, TIMELINE

LAST_LINES = 15
TITLE = "Device"
#: options of a run that a test depends on
OPTIONS = {"lane": "sim", "seed_fault": None, "boards": None, "app_path": None, "observe": False}


def failure_blocks(item: pytest.Item) -> list[tuple[str, str]]:
    """A section of the report for each device of a test."""
    timeline = item.stash.get(TIMELINE, None)
    if timeline is None:
        return []
    builds = item.stash.get(FIRMWARE, [])
    blocks = []
    for index, console in enumerate(timeline.consoles):
        lines = []
        if index < len(builds):
            build = builds[index]
            settings = " ".join(f"{key}={value}" for key, value in build.config.items())
            lines.append(f"firmware {build.name} {build.build_id} {settings}".rstrip())
        modules = dict.fromkeys(
            f"{m.name} ({len(m.data)} bytes)" for m in item.stash.get(MODULES, [])
        )
        if modules:
            lines.append(f"modules  {', '.join(modules)}")
        lines.append(f"folder   {console.log.parent}")
        lines += [f"  {line}" for line in last_lines(item, console)]
        lines += [f"{what:8} {command}" for what, command in commands(item).items()]
        blocks.append((f"{TITLE} {console.label}".rstrip(), "\n".join(lines)))
    return blocks


def last_lines(item: pytest.Item, console: Console) -> Iterator[str]:
    """What came last on a console: before a crash, if there was one that failed the test."""
    lines = console.lines
    crash = next((w.crash for w in item.stash[TIMELINE].watches if w.console is console), None)
    if crash is not None and crash.kind == "panic":
        panics = [i for i, line in enumerate(lines) if is_panic(line.text)]
        last = next((i for i in panics if lines[i].at >= crash.at), None)
        lines = lines if last is None else lines[: last + 1]
    annotate = item.stash[TIMELINE].annotate
    said = [line for line in lines if line.text.strip()]
    for line in said[-LAST_LINES:]:
        yield annotate(line.text, line.at) if line.text.startswith("HR ") else line.text


def commands(item: pytest.Item) -> dict[str, str]:
    """How to repeat exactly this test, to stop at its failure, and to debug it."""
    repeat = repeat_command(item)
    return {"repeat": repeat, "keep": f"{repeat} --keep-device", "debug": f"{repeat} --gdb"}


def repeat_command(item: pytest.Item) -> str:
    """The command that runs exactly this test again."""
    words = ["python", "-m", "pytest", "-n0", item.nodeid]
    for option, usual in OPTIONS.items():
        value = item.config.getoption(option, None)
        if value != usual:
            given = "" if value is True else f"={value}"
            words.append(f"--{option.replace('_', '-')}{given}")
    seed = item.config.getoption("randomly_seed", None)
    if seed is not None:
        words.append(f"--randomly-seed={seed}")
    return shlex.join(words)
