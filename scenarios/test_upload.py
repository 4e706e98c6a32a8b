"""Uploads of any form and size, from any number of clients, arrive as they were sent."""

import contextlib
import itertools
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Module, Variant
from scenarios.bench import Bench

pytestmark = pytest.mark.reload

MAXIMUM = 128 * 1024
SECTOR = 64 * 1024
#: for a whole partition, during which the device's processor has no rest
READ_SECONDS = 60.0
SESSIONS = 4  # connections that the server keeps beside those that it hands to a task


def padded(module: Module, size: int) -> bytes:
    """The module's ELF made longer; a loader goes by its headers and does not see the rest."""
    return module.data + bytes((i * 7) & 0xFF for i in range(size - len(module.data)))


def post(device: Device, endpoint: str, **options: Any) -> requests.Response:
    return requests.post(f"{device.client.url}/{endpoint}", timeout=20, **options)


def one_at_a_time(answers: list[requests.Response]) -> bool:
    """Uploads succeeded, or came while another was being written; the first one did succeed."""
    refused = [answer for answer in answers if answer.status_code != 200]
    assert all(
        (answer.status_code, answer.json()["error"]) == (409, "HOTRELOAD_ERR_BUSY")
        for answer in refused
    ), [answer.text for answer in refused]
    return len(refused) < len(answers)


def test_raw_body(device: Device, variant: Variant) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    elf = variant("answer_43").data

    assert post(device, "upload-and-reload", data=elf, headers=headers).status_code == 200

    assert device.probe.call("answer") == 43


def test_raw_body_without_a_content_type(device: Device, variant: Variant) -> None:
    assert post(device, "upload-and-reload", data=variant("answer_43").data).status_code == 200

    assert device.probe.call("answer") == 43


def test_multipart_body(device: Device, variant: Variant) -> None:
    files = {"file": ("reloadable_stripped.so", variant("answer_43").data)}

    assert post(device, "upload-and-reload", files=files).status_code == 200

    assert device.probe.call("answer") == 43


def test_the_device_reads_its_flash_as_the_host_does(device: Device, variant: Variant) -> None:
    """By the probe, as where nobody but the device can read the flash while it runs."""
    elf = variant("answer_43").data
    device.client.upload(elf)
    device.client.confirm()  # nothing is written by itself any more

    size = device.flash.partition("hotreload").size
    seen = device.probe.read_partition("hotreload", 0, size, READ_SECONDS)

    assert elf in seen
    assert seen == device.flash.read_partition("hotreload")
    assert device.probe.read_partition("hotreload", 100, 3) == seen[100:103]


def test_multipart_body_with_other_fields(device: Device, variant: Variant) -> None:
    files = [
        ("comment", (None, "a field before the file")),
        ("file", ('a name; with "signs".so', variant("answer_43").data, "application/x-sharedlib")),
        ("note", (None, "and one after it")),
    ]

    assert post(device, "upload-and-reload", files=files).status_code == 200

    assert device.probe.call("answer") == 43


def test_multipart_body_that_looks_like_its_boundary(device: Device, variant: Variant) -> None:
    boundary = "--boundary"
    almost = f"\r\n\r\n--\r\n{boundary}\r\r\n--{boundary[:-1]}\r\n-".encode()
    elf = variant("answer_43").data + almost * 200
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="m.so"\r\n\r\n'
    ).encode()
    body += elf + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}

    assert post(device, "upload-and-reload", data=body, headers=headers).status_code == 200

    assert elf in device.flash.read_partition("hotreload")
    assert device.probe.call("answer") == 43


@pytest.mark.parametrize("form", ["raw", "multipart"])
def test_sizes_around_every_limit(device: Device, variant: Variant, form: str) -> None:
    module = variant("answer_43")
    sizes = [MAXIMUM, SECTOR, SECTOR - 1, SECTOR + 1, MAXIMUM - 1, len(module.data), 40961]
    for size in sizes:
        elf = padded(module, size)
        body = {"data": elf} if form == "raw" else {"files": {"file": ("m.so", elf)}}
        answer = post(device, "upload-and-reload", **body)
        assert answer.status_code == 200, f"{size} bytes: {answer.text}"
        assert elf in device.flash.read_partition("hotreload"), f"{size} bytes"
        assert device.probe.call("answer") == 43


def test_one_byte(device: Device) -> None:
    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload(b"\x7f")

    assert (refused.value.status, refused.value.name) == (422, "HOTRELOAD_ERR_TRUNCATED")
    assert device.probe.call("answer") == 42


def test_one_byte_more_than_the_maximum(device: Device, variant: Variant) -> None:
    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload(padded(variant("answer_43"), MAXIMUM + 1))

    assert (refused.value.status, refused.value.name) == (413, "HOTRELOAD_ERR_TOO_LARGE")
    device.client.upload_and_reload(padded(variant("answer_43"), MAXIMUM))
    assert device.probe.call("answer") == 43


def test_module_that_fills_the_maximum(device: Device, variant: Variant) -> None:
    """Not padding: 100 KB of the module's own data."""
    source = (
        '#include "module_api.h"\n'
        "static const uint32_t filled[25600] = {[0] = 3, [12800] = 5, [25599] = 9};\n"
        "int32_t answer(void)\n{\n"
        "    uint32_t sum = 0;\n"
        "    for (size_t i = 0; i < 25600; i++) {\n        sum += filled[i];\n    }\n"
        "    return (int32_t)sum;\n}\n"
    )
    module = variant(text=source)
    assert len(module.data) > 100 * 1024

    device.client.upload_and_reload(module)

    assert device.probe.call("answer") == 17


def test_every_task_has_stack_left(device: Device, variant: Variant) -> None:
    device.client.upload_and_reload_form(padded(variant("bigger"), MAXIMUM))
    device.client.upload_and_reload(padded(variant("answer_43"), MAXIMUM))

    left = {task.name: task.stack_free for task in device.probe.tasks()}
    assert len(left) >= 4
    assert {name: free for name, free in left.items() if free < 256} == {}


def test_many_requests_on_one_connection(device: Device, variant: Variant) -> None:
    modules = [(variant("answer_43"), 43), (variant("bigger"), 1933), (variant(), 42)]
    with requests.Session() as session:
        for i in range(9):
            module, answer = modules[i % 3]
            url = f"{device.client.url}/upload-and-reload"
            assert session.post(url, data=module.data, timeout=20).status_code == 200
            assert session.get(f"{device.client.url}/status", timeout=20).status_code == 200
            assert device.probe.call("answer") == answer


def test_several_sessions(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    with ThreadPoolExecutor(max_workers=4) as pool:
        uploads = [pool.submit(post, device, "upload", data=elf) for _ in range(4)]
        statuses = [
            pool.submit(requests.get, f"{device.client.url}/status", timeout=20) for _ in range(8)
        ]
        assert all(status.result().status_code == 200 for status in statuses)
        answers = [upload.result() for upload in uploads]

    assert one_at_a_time(answers)
    device.client.reload()
    assert device.probe.call("answer") == 43


def test_two_different_uploads_at_once_leave_one_whole(device: Device, variant: Variant) -> None:
    first, second = padded(variant("answer_43"), MAXIMUM), padded(variant("bigger"), MAXIMUM)
    with ThreadPoolExecutor(max_workers=2) as pool:
        answers = list(pool.map(lambda elf: post(device, "upload", data=elf), [first, second]))
    assert one_at_a_time(answers)

    device.client.reload()

    stored = device.flash.read_partition("hotreload")
    assert first in stored or second in stored
    assert device.probe.call("answer") in (43, 1933)


def test_update_by_the_application_during_an_upload(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """The one that came first goes on, the other is told that the partition is being written."""
    first, second = padded(variant("answer_43"), SECTOR), variant("bigger").data
    device.trace.mark()
    with device.client.raw("/upload-and-reload", len(first)) as upload:
        upload.send(first[: len(first) // 2])
        device.trace.wait("store", op="erase")
        assert bench.update(second) == "HOTRELOAD_ERR_BUSY"
        upload.send(first[len(first) // 2 :])
        assert upload.answer().status == 200

    assert first in device.flash.read_partition("hotreload")
    assert device.probe.call("answer") == 43
    assert bench.update(second) == "ESP_OK"
    assert bench.reload() == "ESP_OK"
    assert device.probe.call("answer") == 1933


def test_idle_clients_make_room(device: Device, variant: Variant) -> None:
    """Clients that were served and stay connected, as many as the server has sessions."""
    with contextlib.ExitStack() as idle:
        for _ in range(SESSIONS):
            client = idle.enter_context(requests.Session())
            assert client.get(f"{device.client.url}/status", timeout=20).status_code == 200
        device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("answer") == 43


def test_slow_sender(device: Device, variant: Variant) -> None:
    """Piece by piece, each sent only when the device has answered something else in between."""
    elf = variant("answer_43").data
    cuts = [0, 1, 2, 700, *range(2000, len(elf), 1500), len(elf)]
    with device.client.raw("/upload-and-reload", len(elf)) as upload:
        for start, end in itertools.pairwise(cuts):
            assert device.probe.call("answer") == 42
            upload.send(elf[start:end])
        answer = upload.answer()

    assert answer.status == 200
    assert device.probe.call("answer") == 43


def test_upload_erases_what_it_writes_and_no_more(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    mark = device.trace.mark()

    device.client.upload(elf)

    stored = [event for event in device.trace.since(mark) if event.name == "store"]
    erased = [(e.number("offset"), e.number("size")) for e in stored if e["op"] == "erase"]
    written = [(e.number("offset"), e.number("size")) for e in stored if e["op"] == "write"]
    assert sum(size for _, size in written) >= len(elf)
    for offset, size in erased:
        blocks = range(offset, offset + size)
        assert any(start in blocks or start + length - 1 in blocks for start, length in written)
    assert sum(size for _, size in erased) < len(elf) + 64 * 1024


def seconds(action: Callable[[], object]) -> float:
    """What `action` usually takes."""

    def once() -> float:
        started = time.monotonic()
        action()
        return time.monotonic() - started

    return statistics.median(once() for _ in range(9))


def test_time_of_an_upload(device: Device, variant: Variant, figure: Callable[[str], None]) -> None:
    """It is that of some loads, nobody waits for a timer: neither here nor on the device."""
    elf = padded(variant("answer_43"), 5 * 1024)

    load = seconds(device.client.reload)
    upload = seconds(lambda: device.client.upload(elf))
    both = seconds(lambda: device.client.upload_and_reload(elf))

    figure(f"a load {load * 1000:.1f} ms")
    figure(f"an upload of 5 KB {upload * 1000:.1f} ms")
    figure(f"an upload of 5 KB and its reload {both * 1000:.1f} ms")
    assert upload < 8 * load
    assert both < 10 * load


@pytest.mark.needs("power-cut")
def test_time_of_a_boot(device: Device, figure: Callable[[str], None]) -> None:
    device.power_cut()
    started = time.monotonic()
    device.power_on()
    figure(f"from power on to the server {time.monotonic() - started:.2f} s")

    assert device.probe.call("answer") == 42
