"""Options of the configuration and fields of the C API's structures do what is said of them.

Those that no other file is about; `test_ignored_options.py` has where each is tested.
"""

import pytest

from pytest_embedded_hotreload.api import ConditionNotMet, Device, HotReloadHTTPError, Variant
from scenarios.bench import Bench
from scenarios.test_constructors import NOTED, position, story
from scenarios.test_trial import known

LARGEST = 48 * 1024
HOOKS = 3
SERVER_STACK = 16 * 1024
SERVER_PRIORITY = 9
DESTRUCTOR_STACK = 9 * 1024
STARTS = 5
CONFIRM_MS = 12_000
GRACE_MS = 400
TRUSTED = "http://tools.example:3000"

#: what nobody would choose; larger than the defaults where a time or a size has to be measured
UNUSUAL = {
    "CONFIG_HOTRELOAD_MAX_ELF_SIZE": str(LARGEST),
    "CONFIG_HOTRELOAD_MAX_HOOKS": str(HOOKS),
    "CONFIG_HOTRELOAD_SERVER_STACK_SIZE": str(SERVER_STACK),
    "CONFIG_HOTRELOAD_SERVER_PRIORITY": str(SERVER_PRIORITY),
    "CONFIG_HOTRELOAD_DESTRUCTOR_STACK_SIZE": str(DESTRUCTOR_STACK),
    "CONFIG_HOTRELOAD_TRIAL_STARTS": str(STARTS),
    "CONFIG_HOTRELOAD_CONFIRM_MS": str(CONFIRM_MS),
    "CONFIG_HOTRELOAD_RETIRE_GRACE_MS": str(GRACE_MS),
    "CONFIG_HOTRELOAD_RETIRE_FILL": "n",
    "CONFIG_HOTRELOAD_MESSAGES": "n",
    "CONFIG_HOTRELOAD_TRUSTED_ORIGIN": f'"{TRUSTED}"',
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME": '"partitions_two.csv"',
}
UNGUARDED = {
    "CONFIG_HOTRELOAD_BOOT_GUARD": "n",
    "CONFIG_HOTRELOAD_CONFIRM_BY_APPLICATION": "y",
}

pytestmark = pytest.mark.firmware(config=UNUSUAL)


def padded(variant: Variant, size: int) -> bytes:
    """A module of exactly `size` bytes."""
    elf = variant("answer_43").data
    return elf + bytes(size - len(elf))


def refused(device: Device, elf: bytes) -> tuple[int, str, str]:
    """Status, name and message of the refusal of an upload."""
    with pytest.raises(HotReloadHTTPError) as error:
        device.client.upload(elf)
    return error.value.status, error.value.name, error.value.message


def test_largest_module(device: Device, variant: Variant) -> None:
    assert refused(device, padded(variant, LARGEST + 1))[:2] == (413, "HOTRELOAD_ERR_TOO_LARGE")
    device.client.upload_and_reload(padded(variant, LARGEST))

    status = device.client.status()
    assert (status["size"], status["max_size"]) == (LARGEST, LARGEST)


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_number_of_hooks(device: Device, bench: Bench, kind: str) -> None:
    """Of one kind; of the other there is room then."""
    for context in range(HOOKS):
        bench.register_hook(kind, context=context)

    with pytest.raises(ConditionNotMet, match="was not registered: ESP_ERR_NO_MEM"):
        bench.register_hook(kind, context=HOOKS)
    bench.register_hook("post" if kind == "pre" else "pre")

    assert bench.remove_hook(kind, context=0) == "ESP_OK"
    bench.register_hook(kind, context=HOOKS)


def test_stack_and_priority_of_the_server(device: Device, variant: Variant) -> None:
    """The other one of that name is the probe's."""
    device.client.upload_and_reload(variant("answer_43"))

    servers = {task.priority: task for task in device.probe.tasks() if task.name == "httpd"}
    assert SERVER_PRIORITY in servers
    used = SERVER_STACK - servers[SERVER_PRIORITY].stack_free
    assert 1024 < used < 6144


def test_stack_of_the_task_for_destructors(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload_and_reload(variant("constructors", cflags=['-DNAME="old"', "-DANSWER=43"]))
    bench.visit(0, "queue", depth=2)
    start = position(device)
    device.client.upload_and_reload(variant("answer_43"))
    bench.leave(0)

    story(device, start, " free module=2")
    noted = [NOTED.search(line.text) for line in device.console.lines[start:]]
    left = [int(match["stack"]) for match in noted if match]
    assert left, "no destructor has run"
    assert DESTRUCTOR_STACK - 3 * 1024 < min(left) < DESTRUCTOR_STACK


@pytest.mark.needs("soft-reset")
def test_starts_before_a_module_yields(device: Device, variant: Variant) -> None:
    bad = variant("crashes_at_start").data
    device.client.upload(bad)

    with device.crashing(STARTS):
        device.reset()

    assert device.probe.call("answer") == 42
    assert known(device, bad) == ("yielded", STARTS)


@pytest.mark.nightly
def test_time_until_a_module_is_confirmed(device: Device, variant: Variant) -> None:
    device.client.upload_and_reload(variant("answer_43"))
    switched = device.trace.wait("switch", module=2)

    confirmed = device.trace.wait("store", op="confirm", timeout=3 * CONFIRM_MS / 1000)

    assert device.client.status()["confirm_ms"] == CONFIRM_MS
    waited = confirmed.microseconds - switched.microseconds
    assert CONFIRM_MS * 1000 <= waited < 2 * CONFIRM_MS * 1000


def test_grace_period(device: Device, variant: Variant) -> None:
    mark = device.trace.mark()
    device.client.upload_and_reload(variant("answer_43"))

    freed = device.trace.wait("free", module=1)

    done = next(event for event in device.trace.since(mark) if event.name == "retire")
    assert GRACE_MS * 1000 <= freed.microseconds - done.microseconds < 4 * GRACE_MS * 1000


def test_freed_memory_is_left_as_it_was(device: Device, variant: Variant) -> None:
    """The start of a block is the heap's when it is free."""
    data = device.placement().data
    before = device.memory.read(data.address + 32, data.size - 32)

    device.client.upload_and_reload(variant("answer_43"))
    device.trace.wait("free", module=1)

    assert b"\xa5" * 16 not in device.memory.read(data.address + 32, data.size - 32)
    assert b"\xa5" * 16 not in before


def test_refusal_without_messages(device: Device) -> None:
    status, name, message = refused(device, bytes(100))

    assert (status, name, message) == (422, "HOTRELOAD_ERR_MAGIC", "HOTRELOAD_ERR_MAGIC")
    last = device.client.status()["last_error"]
    assert last == {"error": "HOTRELOAD_ERR_MAGIC", "message": "HOTRELOAD_ERR_MAGIC"}


def test_page_that_is_trusted(device: Device) -> None:
    headers = {"Origin": TRUSTED, "Sec-Fetch-Site": "cross-site"}
    assert device.client.request("POST", "/reload", headers=headers).status_code == 200
    headers["Origin"] = "http://tools.example"
    answer = device.client.request("POST", "/reload", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "HOTRELOAD_ERR_ORIGIN")


def assert_own_table_leads_to(device: Device, bench: Bench, answer: int) -> None:
    """The application's own table of two functions; what is behind them was not touched."""
    first, second, behind = bench.own_table()
    text = device.placement().text
    assert text.address <= first < text.address + text.size
    assert text.address <= second < text.address + text.size
    assert behind == 0
    assert bench.call_at(first) == answer


def test_partition_and_table_of_a_load(device: Device, bench: Bench, variant: Variant) -> None:
    """Its own partition, which holds another module, its own names in its own order."""
    assert bench.load_own("spare") == "HOTRELOAD_ERR_NO_MODULE"
    assert bench.update(variant("answer_43").data, label="spare") == "ESP_OK"

    assert bench.load_own("spare") == "ESP_OK"

    assert_own_table_leads_to(device, bench, 43)
    assert device.client.status()["slots"][0]["running"] is False


def test_partition_and_table_of_a_server(device: Device, bench: Bench, variant: Variant) -> None:
    largest = LARGEST - 4096
    elf = padded(variant, largest)
    assert bench.stop_server() == "ESP_OK"
    assert bench.serve_own("spare", largest) == "ESP_OK"
    spare = device.flash.partition("spare")
    other = device.flash.partition("hotreload")
    before = device.flash.read(other.offset, other.size)

    assert refused(device, padded(variant, largest + 1))[:2] == (413, "HOTRELOAD_ERR_TOO_LARGE")
    device.client.upload_and_reload(elf)

    assert_own_table_leads_to(device, bench, 43)
    assert device.client.status()["partition"] == "spare"
    assert elf in device.flash.read(spare.offset, spare.size)
    assert device.flash.read(other.offset, other.size) == before


@pytest.mark.firmware(config=UNGUARDED)
def test_starts_do_not_count_without_the_guard(device: Device, variant: Variant) -> None:
    """Nor is the module confirmed by anyone but the application."""
    module = variant("answer_43").data
    device.client.upload_and_reload(module)

    for _ in range(4):
        device.power_cycle()

    assert device.probe.call("answer") == 43
    assert known(device, module) == ("written", 0)
    assert device.client.status()["confirm_ms"] is None


@pytest.mark.nightly
@pytest.mark.firmware(config=UNGUARDED)
def test_time_confirms_nothing_where_the_application_does(device: Device, variant: Variant) -> None:
    """Longer than the default of what is not asked for."""
    module = variant("answer_43").data
    device.client.upload_and_reload(module)
    while device.client.status()["uptime_s"] < 12:
        assert not device.client.status()["confirmed"]

    device.client.confirm()

    assert known(device, module)[0] == "confirmed"
