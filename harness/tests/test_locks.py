"""Of a device whose tasks wait for each other is told who waits for which lock, and who has it."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_embedded_hotreload.device import Device
from pytest_embedded_hotreload.diagnosis import sight_of
from pytest_embedded_hotreload.errors import NoAnswer
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.lanes import Lane
from pytest_embedded_hotreload.watch import Sight
from tests.conftest import NestedPytest
from tests.example_module import BASIC, example_module
from tests.test_crashes import run

pytestmark = pytest.mark.firmware(str(BASIC))

#: The greeter's task has a mutex and asks for a load; the server's task reloads, with the locks of
#: the component, and calls the module in a hook, which wants the mutex.
GREETING = """\
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "reloadable_util.h"
static SemaphoreHandle_t mutex;
static StaticSemaphore_t storage;
static volatile bool is_wanted;
size_t reloadable_greeting(char *text, size_t size)
{
    if (mutex == NULL) {
        mutex = xSemaphoreCreateMutexStatic(&storage);
        xSemaphoreTake(mutex, portMAX_DELAY);
        ESP_LOGI("module", "the mutex is taken");
        while (!is_wanted) {
            vTaskDelay(1);
        }
        HOTRELOAD_LOAD_DEFAULT();
    }
    return 0;
}
"""
GREETED = """\
uint32_t reloadable_greeted(void)
{
    is_wanted = true;
    xSemaphoreTake(mutex, portMAX_DELAY);
    return 0;
}
"""
DEADLOCK = example_module(GREETING, GREETED)

#: until the tasks wait, which they do as soon as they have their turn
LOOKS = 200


def look(device: Device, lane: Lane, firmware: FirmwareBuild) -> Sight:
    """What is told of the device at this moment."""
    snapshot = lane.look(device.dut, firmware.elf)
    assert snapshot is not None and device.decoder is not None
    return sight_of(snapshot, device.decoder)


def test_deadlock(device: Device, lane: Lane, firmware: FirmwareBuild, build_module: Any) -> None:
    module = build_module(DEADLOCK, name="deadlock")
    device.client.upload_and_reload(module)
    device.console.wait_line("the mutex is taken")
    with ThreadPoolExecutor(1) as other:
        reload = other.submit(device.client.reload)
        device.trace.wait("hook_enter", kind="pre")
        sights = (look(device, lane, firmware) for _ in range(LOOKS))
        sight = next(sight for sight in sights if "greeter for" in sight.where)
        device.power_cut()
        with pytest.raises(NoAnswer):
            reload.result()

    mutex = "storage (deadlock_0.c) of module 2 (deadlock)"
    assert sight.idle
    assert sight.where.startswith("all its tasks wait; ")
    assert f"; httpd for {mutex} held by task greeter" in sight.where
    assert "; greeter for turn (hr_operation.c) held by task httpd" in sight.where
    (server,) = (at for at, line in enumerate(sight.lines) if line.startswith("task httpd "))
    assert re.fullmatch(
        rf"task httpd waits for {re.escape(mutex)} held by task greeter and holds "
        r".*turn \(hr_operation\.c\).*running \(hr_hooks\.c\).*:",
        sight.lines[server],
    )
    assert re.search(r"reloadable_greeted +deadlock_0\.c:\d+ in module 2", sight.lines[server + 2])


@pytest.mark.nightly
def test_headline_of_a_deadlock(nested: NestedPytest) -> None:
    body = f"""
pytestmark = pytest.mark.firmware({str(BASIC)!r})
DEADLOCK = {DEADLOCK!r}

def test_it(device, build_module):
    device.client.upload_and_reload(build_module(DEADLOCK, name="deadlock"))
    device.console.wait_line("the mutex is taken")
    device.client.reload()
"""
    ran = run(nested, body)

    (headline,) = ran.headlines
    assert headline.startswith("device hangs: all its tasks wait; ")
    assert "greeter for turn (hr_operation.c) held by task httpd" in headline
    assert (
        "httpd for storage (deadlock_0.c) of module 2 (deadlock) held by task greeter" in headline
    )
