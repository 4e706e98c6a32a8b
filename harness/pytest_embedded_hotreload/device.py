"""One device under test with everything a scenario does to it."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from hotreload_build.errors import ModuleError
from hotreload_build.identity import module_identity
from hotreload_build.slot import flash_image
from pytest_embedded_hotreload.client import HotReloadClient
from pytest_embedded_hotreload.console import WAIT_SECONDS, Console
from pytest_embedded_hotreload.decode import Decoder
from pytest_embedded_hotreload.errors import ConditionNotMet, HarnessError, UnknownNameError
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.flashimage import ERASED
from pytest_embedded_hotreload.lanes import Lane
from pytest_embedded_hotreload.memory import Flash, Memory
from pytest_embedded_hotreload.placement import Placement, current_placement
from pytest_embedded_hotreload.probe import Probe
from pytest_embedded_hotreload.spent import BOOTS, spent
from pytest_embedded_hotreload.timeline import Timeline
from pytest_embedded_hotreload.trace import Trace
from pytest_embedded_hotreload.variables import Names, Variable
from pytest_embedded_hotreload.watch import Watch

SERVER_PORT = 8080
#: of firmwares that have `hotreload_probe`
PROBE_PORT = 8081
READY = r"hotreload: server on port \d+"
PANIC = "Guru Meditation Error"
BOOT_SECONDS = 60.0
#: for a crash that was announced
CRASH_SECONDS = 10.0
#: what esptool erases at least
SECTOR = 4096


class HookRun(NamedTuple):
    """A hook that ran: `pre`, `handover` or `post`, and the function."""

    kind: str
    function: str


@dataclass(repr=False)
class Device:
    """A device that runs a firmware; `dut` is pytest-embedded's, `number` counts them from 0."""

    dut: Any
    lane: Lane
    firmware: FirmwareBuild
    console: Console
    timeline: Timeline
    trace: Trace
    client: HotReloadClient
    probe: Probe
    memory: Memory
    flash: Flash
    watch: Watch = field(default_factory=Watch)
    decoder: Decoder | None = None
    names: Names | None = None
    #: raises `ImageDiffers` when the module in use is not what was to be loaded
    compare_loaded: Callable[[], None] = lambda: None
    number: int = 0
    _seen: int = field(default=0, init=False)

    def __repr__(self) -> str:
        return f"<device with {self.firmware.name} {self.firmware.build_id}>"

    def wait_ready(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until the server of the boot in progress answers requests."""
        patient = timeout != BOOT_SECONDS
        with spent(BOOTS):
            index, _ = self.console.wait_line(READY, self._seen, timeout, patient=patient)
        self._seen = index + 1
        self.watch.ready()
        self.client.disconnect()  # what the pool holds leads to an earlier boot
        self.probe.disconnect()

    def expect_restart(self) -> None:
        """The firmware is about to restart itself; `wait_ready` waits until it has done so."""
        self._before_restart("restart")

    @contextlib.contextmanager
    def crashing(self, times: int = 1) -> Iterator[None]:
        """What happens inside makes the firmware crash that often; any other crash fails the test.

        On leaving, the crashes have come; the device may still be starting again.
        """
        self.trace.expect_restart()
        left = self.watch.outstanding
        self.watch.allow_crash(times)
        yield
        came = self.watch.wait_crashes(left, CRASH_SECONDS)
        self.watch.check()
        if not came:
            raise ConditionNotMet(
                f"the firmware was to crash {times} times: {self.watch.outstanding - left} are "
                "missing"
            )

    def reset(self) -> None:
        """Reset the device and wait until it is ready again."""
        self.begin_reset()
        self.wait_ready()

    def begin_reset(self) -> None:
        """Reset the device."""
        self._before_restart("reset")
        self.dut.hard_reset()

    def power_cut(self) -> None:
        """Cut the power, in the middle of whatever the device is doing."""
        self._before_restart("power cut")
        self.dut.power_cut()

    def power_on(self) -> None:
        """Switch the power on again and wait until the device is ready."""
        self.switch_on()
        self.wait_ready()

    def switch_on(self) -> None:
        """Switch the power on again."""
        self.timeline.add("power", "power on", device=self.number)
        self.watch.expect_restart()
        self._seen = len(self.console.lines)
        self.dut.power_on()

    def power_cycle(self) -> None:
        """Cut the power and switch it on again."""
        self.power_cut()
        self.power_on()

    def placement(self) -> Placement:
        """Where the loaded module lies."""
        return current_placement(self.trace.events)

    def variable(self, name: str) -> Variable:
        """A variable of the module in use, or of the firmware, by its name in the source.

        `file.c:name` where several have that name. It is looked up at each access.
        """
        names = self.names
        assert names is not None
        return Variable(name, lambda: names.variable(name), self.memory, self.probe)

    @contextlib.contextmanager
    def unchanged(self, *names: str) -> Iterator[None]:
        """Whatever happens inside, these variables and results of functions stay what they are.

        The functions are exported by the module and take no argument.
        """
        __tracebackhide__ = True
        before = {name: self._value(name) for name in names}
        yield
        after = {name: self._value(name) for name in names}
        lost = [f"{n} was {before[n]} and is {after[n]}" for n in names if before[n] != after[n]]
        if lost:
            raise AssertionError(", ".join(lost))

    def hooks(self, mark: int = 0) -> list[HookRun]:
        """The hooks that have run, behind `mark` of the trace; equal to tuples of kind and name."""
        if not self.firmware.sdkconfig.get("HOTRELOAD_TRACE"):
            raise HarnessError(
                f"{self.firmware.project}: which hooks run is known from the trace: set "
                "CONFIG_HOTRELOAD_TRACE=y in sdkconfig.defaults"
            )
        entered = [event for event in self.trace.since(mark) if event.name == "hook_enter"]
        return [HookRun(str(event["kind"]), self._function_at(event["fn"])) for event in entered]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server, for a client that works with sockets."""
        url = urlsplit(self.client.url)
        return str(url.hostname), int(url.port or 80)

    def flash_module(self, elf: bytes, label: str = "hotreload") -> None:
        """Do what `hotreload-flash` does: write the module with its record to the partition.

        An ELF that names no firmware is taken for one of the device's.
        """
        try:
            identity = module_identity(elf)
        except ModuleError:
            identity = self.firmware.identity
        self._flash(flash_image(elf, identity), label)

    def flash_raw(self, elf: bytes, label: str = "hotreload") -> None:
        """Write an ELF without a record to the partition, as other tools may."""
        self._flash(elf, label)

    def flash_firmware(self, firmware: FirmwareBuild) -> None:
        """Do what `idf.py app-flash` does: another application, and all else in the flash stays."""
        self._halt()
        self._write(firmware.app_offset, firmware.app_image.read_bytes(), firmware.name)
        self.power_on()

    def erase_partition(self, label: str) -> None:
        """Erase a partition behind the firmware's back and start the device with that."""
        self._halt()
        partition = self.flash.partition(label)
        self._write(partition.offset, ERASED * partition.size, label)
        self.power_on()

    def run(
        self, command: Sequence[str], timeout: float = WAIT_SECONDS, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a program that talks to the device; it is ended when that crashes."""
        return self.watch.run(command, timeout, **options)

    def check(self) -> None:
        """Raise when the firmware crashed without being expected to, or the trace is broken."""
        self.watch.settle()
        self.compare_loaded()
        if self.watch.outstanding and not self.watch.wait_crashes(0, 0.0):
            raise ConditionNotMet(
                f"{self.watch.outstanding} crashes were expected and did not come"
            )
        self.trace.check()

    def close(self) -> None:
        """Close the connections to the device, and watch it no more."""
        self.watch.close()
        self.client.close()
        self.probe.close()

    def _value(self, name: str) -> int:
        try:
            return self.variable(name).read()
        except UnknownNameError:
            return self.probe.call(name)

    def _function_at(self, address: int) -> str:
        return (self.decoder.name(address) if self.decoder else None) or f"{address:#x}"

    def _flash(self, content: bytes, label: str) -> None:
        """Erase the sectors that are needed, as esptool does, and write."""
        self._halt()
        partition = self.flash.partition(label)
        self._write(partition.offset, content + ERASED * (-len(content) % SECTOR), label)
        self.power_on()

    def _write(self, offset: int, data: bytes, what: str) -> None:
        started = time.monotonic()
        self.flash.write(offset, data)
        text = f"{what}: {len(data)} bytes at {offset:#x}"
        self.timeline.add("flash", text, time.monotonic() - started, self.number)

    def _halt(self) -> None:
        self._before_restart("halt")
        self.dut.halt()

    def _before_restart(self, what: str) -> None:
        self.timeline.add("power", what, device=self.number)
        self.trace.expect_restart()
        self.watch.expect_restart()
        self.client.disconnect()
        self.probe.disconnect()
        self._seen = len(self.console.lines)
