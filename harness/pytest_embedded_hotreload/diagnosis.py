"""What a reader is told of the end of a device: the headline first, then what explains it."""

import re
from collections.abc import Callable

from hotreload_decode.symbols import Frame
from pytest_embedded_hotreload.crash import Crash
from pytest_embedded_hotreload.decode import Decoder, blamed, told
from pytest_embedded_hotreload.snapshot import Snapshot, Stack, Wait
from pytest_embedded_hotreload.watch import Sight

#: functions of a stack that a message shows
DEEPEST = 10
#: of tasks that only wait
DEEPEST_WAITING = 4


def describe(crash: Crash, decoder: Decoder) -> str:
    """The message of a crash, with the headline as its first line."""
    frames = decoder.frames(crash.backtrace, crash.at)
    lines = [headline(crash, frames)]
    if crash.registers:
        lines.append(f"  {_registers(crash, decoder)}")
    lines += [f"  {line}" for line in told(frames, DEEPEST)]
    lines += [f"  {line}" for line in crash.details]
    lines += [f"  the harness waited for {what}" for what in dict.fromkeys(crash.waits)]
    return "\n".join(lines)


def headline(crash: Crash, frames: list[Frame]) -> str:
    """What happened, where, and who called that."""
    if crash.kind == "lost":
        return f"device lost: {crash.cause}"
    if crash.kind == "restart":
        return f"device restarted by itself: {crash.cause}"
    if crash.kind == "silence":
        return f"device hangs: {crash.cause or 'it shows nothing any more'}"
    stack = blamed(frames)
    if not stack:
        return f"device crashed: {crash.cause}"
    caller = f" called from {stack[1].where}" if len(stack) > 1 else ""
    return f"device crashed: {crash.cause} in {stack[0].where}{caller}"


def sight_of(snapshot: Snapshot, decoder: Decoder) -> Sight:
    """What a device is doing, in words."""
    lines = [f"PC {snapshot.pc:#010x} " + _some(snapshot.registers)]
    where = ""
    for stack in sorted(snapshot.stacks, key=lambda stack: not stack.running):
        frames = decoder.frames(stack.addresses)
        if stack.running and frames:
            callers = f" called from {frames[1].where}" if len(frames) > 1 else ""
            where = f"{frames[0].where}{callers}"
        lines.append(f"task {stack.task or '?'} {_state(stack, decoder)}:")
        frames = frames if stack.running else _outside_the_kernel(frames)
        lines += [
            f"  {line}" for line in told(frames, DEEPEST if stack.running else DEEPEST_WAITING)
        ]
    if snapshot.missing:
        lines.append(f"not known: {snapshot.missing}")
    if snapshot.idle:
        return Sight(lines, True, "; ".join(["all its tasks wait", *_locked(snapshot, decoder)]))
    return Sight(lines, False, f"it does not leave {where}")


def _state(stack: Stack, decoder: Decoder) -> str:
    """What a task does, and which locks have to do with it."""
    said = ["runs" if stack.running else "waits"]
    if stack.waits_for is not None:
        said = [f"waits for {_held(stack.waits_for, decoder)}"]
    if stack.holds:
        said.append(f"holds {', '.join(_lock(lock, decoder) for lock in stack.holds)}")
    return " and ".join(said)


def _lock(address: int, decoder: Decoder) -> str:
    """The variable that a lock lies in; at its start or behind what the component puts there."""
    name = decoder.name(address)
    return re.sub(r"\+0x[0-9a-f]+", "", name) if name else f"the lock at {address:#010x}"


def _held(wait: Wait, decoder: Decoder) -> str:
    holder = f"held by task {wait.holder}" if wait.holder else "that no task holds"
    return f"{_lock(wait.lock, decoder)} {holder}"


def _locked(snapshot: Snapshot, decoder: Decoder) -> list[str]:
    """Who waits for a lock, and for whom."""
    return [
        f"{stack.task} for {_held(stack.waits_for, decoder)}"
        for stack in snapshot.stacks
        if stack.waits_for is not None
    ]


def _outside_the_kernel(frames: list[Frame]) -> list[Frame]:
    """A stack from the function of the kernel on that was called: how it waits says nothing."""
    inside = [index for index, frame in enumerate(frames) if "/freertos/" in frame.file]
    return frames[inside[-1] :] if inside else frames


def looker(look: Callable[[], Snapshot | None], decoder: Decoder) -> Callable[[], Sight]:
    """How a watch sees what the device is doing."""

    def see() -> Sight:
        snapshot = look()
        if snapshot is None:
            return Sight([], True, "it cannot be looked at")
        return sight_of(snapshot, decoder)

    return see


def _registers(crash: Crash, decoder: Decoder) -> str:
    shown = []
    for name in ("PC", "EXCVADDR"):
        value = crash.registers.get(name)
        if value is not None:
            symbol = decoder.name(value, crash.at)
            shown.append(f"{name} {value:#010x}" + (f" ({symbol})" if symbol else ""))
    return ", ".join(shown)


def _some(registers: dict[str, int]) -> str:
    names = ["PS", "SAR", "EXCCAUSE", "EXCVADDR", *(f"A{number:02}" for number in range(16))]
    return " ".join(f"{name}={registers[name]:08x}" for name in names if name in registers)
