"""The endpoints get along with other servers of the application, and work inside of one."""

from collections.abc import Iterator

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadClient, NoAnswer, Variant
from scenarios.bench import Bench
from scenarios.test_server import MAXIMUM, SMUGGLED, half_sent

#: of ESP-IDF's HTTPS server
HTTPS_CTRL_PORT = 32769

#: of the probe's server, and what hotreload.h asks for where hooks need none
PROBE_STACK = 12288
STACK_NEEDED = 8192


@pytest.fixture
def attached(device: Device, bench: Bench) -> Iterator[HotReloadClient]:
    """A client of the endpoints in the probe's server; the one of their own is stopped."""
    assert bench.stop_server() == "ESP_OK"
    assert bench.attach_server() == "ESP_OK"
    client = HotReloadClient(lambda: device.probe.url)
    yield client
    client.close()


def test_server_starts_beside_another_one(device: Device, bench: Bench) -> None:
    """Whichever ports ESP-IDF's other servers have taken."""
    assert bench.stop_server() == "ESP_OK"
    bench.start_rival()

    assert bench.start_server(ctrl=HTTPS_CTRL_PORT) == "HOTRELOAD_ERR_PORT"
    device.console.wait_line(rf"hotreload: server_start: .* UDP port {HTTPS_CTRL_PORT} is in use")
    assert bench.start_server(port=443) == "HOTRELOAD_ERR_PORT"
    device.console.wait_line("hotreload: server_start: .* TCP port 443 is in use")
    assert bench.start_server() == "ESP_OK"

    assert device.client.reload()["module"] == 2


def test_attached_server_does_what_its_own_does(
    device: Device, bench: Bench, attached: HotReloadClient, variant: Variant
) -> None:
    module = variant("answer_43")
    assert attached.upload_and_reload_form(module)["module"] == 2
    assert device.probe.call("answer") == 43
    assert attached.upload(variant("bigger"))["module"] == 2
    assert attached.reload()["module"] == 3
    assert attached.rollback()["module"] == 4
    assert attached.confirm()["module"] == 4
    assert attached.status()["confirmed"]
    assert attached.pending()["pending"] is None

    free = {task.name: task.stack_free for task in device.probe.tasks()}["httpd"]
    assert PROBE_STACK - free <= STACK_NEEDED - 512

    assert (bench.attach_server(), bench.start_server()) == 2 * ("ESP_ERR_INVALID_STATE",)
    assert bench.stop_server() == "ESP_ERR_INVALID_STATE"
    assert bench.detach_server() == "ESP_OK"
    assert bench.detach_server() == "ESP_ERR_INVALID_STATE"
    assert attached.request("GET", "/status").status_code == 404
    assert bench.start_server() == "ESP_OK"
    assert device.client.status()["module"] == 4


def test_attached_server_refuses_in_the_same_words(
    device: Device, attached: HotReloadClient
) -> None:
    """And stays usable: the connection as well, where the end of the body is known."""
    refused = [
        ("/upload", 1000, 422, "HOTRELOAD_ERR_MAGIC"),
        ("/upload", MAXIMUM + 1, 413, "HOTRELOAD_ERR_TOO_LARGE"),
        ("/reload", 10, 400, "HOTRELOAD_ERR_BODY_UNEXPECTED"),
        ("/upload", 0, 400, "HOTRELOAD_ERR_EMPTY"),
    ]
    for path, length, status, error in refused:
        with attached.raw(path, length) as request:
            request.send(bytes(length))
            answer = request.answer()
            assert (answer.status, answer.error) == (status, error), path
            request.send(b"GET /status HTTP/1.1\r\nHost: device\r\n\r\n")
            assert request.answer().status == 200, path

    assert attached.status()["loads"] == 1
    assert device.probe.call("answer") == 42


def test_attached_server_takes_no_body_for_a_request(attached: HotReloadClient) -> None:
    """Of a body whose end ESP-IDF's server does not know nothing is read."""
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    endless: list[tuple[str, int | None, list[tuple[str, str]], bytes]] = [
        ("/upload", None, [("Transfer-Encoding", "chunked")], chunk),
        ("/reload", None, [("Transfer-Encoding", "chunked")], chunk),
        ("/upload", 2**32 + 1, [], b"x" + SMUGGLED),
        ("/reload", 2**32 + 1, [], b"x" + SMUGGLED),
    ]
    for path, length, headers, body in endless:
        with attached.raw(path, length, headers=headers) as request:
            request.send(body)
            request.finish()
            assert request.rest().count(b"HTTP/1.1 ") <= 1, (path, length)

    assert attached.status()["loads"] == 1


def test_upload_to_an_attached_server_that_is_cut_off(
    device: Device, attached: HotReloadClient, variant: Variant
) -> None:
    """It keeps the module, and the next upload."""
    elf = variant("answer_43").data
    with half_sent(device, elf, client=attached) as upload:
        upload.cut()
    event = device.trace.wait("error", op="update")
    assert event["name"] == "HOTRELOAD_ERR_BODY_TRUNCATED"

    assert attached.upload_and_reload(elf)["module"] == 2
    assert device.probe.call("answer") == 43


def test_server_without_room_for_the_endpoints(device: Device, bench: Bench) -> None:
    """It is left as it was, and the log says how much is missing."""
    assert bench.stop_server() == "ESP_OK"
    bench.start_rival()

    assert bench.attach_server(to="rival") == "ESP_ERR_HTTPD_HANDLERS_FULL"

    device.console.wait_line("no room for /confirm: max_uri_handlers has to be 5 larger")
    assert bench.attach_server() == "ESP_OK"
    client = HotReloadClient(lambda: device.probe.url)
    assert client.status()["module"] == 1
    with pytest.raises(NoAnswer):
        device.client.status()
