"""The server answers whoever asks, at once and in its own form, whatever others are doing to it."""

import hashlib
import itertools
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pytest_embedded_hotreload.api import (
    Device,
    HotReloadClient,
    NoAnswer,
    RawAnswer,
    RawUpload,
    UpdateBusyError,
    Variant,
)
from scenarios.bench import Bench

MAXIMUM = 128 * 1024
UPLOADS = ["upload", "upload-and-reload"]

#: how long an upload may be silent, and how long it may take
TIMEOUTS = {
    "CONFIG_HOTRELOAD_RECV_TIMEOUT_MS": "300",
    "CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS": "1500",
    "CONFIG_HOTRELOAD_RELOAD_MODE_COOPERATIVE": "y",
}
impatient = pytest.mark.firmware(config=TIMEOUTS)
cooperative = impatient


def stuck(device: Device, elf: bytes) -> RawUpload:
    """An upload that stops half-way; whoever enters it has to send the rest."""
    return device.client.raw("/upload", len(elf))


def waiting(elf: bytes) -> dict[str, int | str]:
    return {"size": len(elf), "hash": hashlib.sha256(elf).hexdigest()}


@contextmanager
def half_sent(
    device: Device, elf: bytes, path: str = "/upload", client: HotReloadClient | None = None
) -> Iterator[RawUpload]:
    """An upload that has stopped half-way, and that the device has begun with."""
    device.trace.mark()  # the device begins with the headers
    with (client or device.client).raw(path, len(elf)) as upload:
        upload.send(elf[: len(elf) // 2])
        device.trace.wait("request", op="update")
        yield upload


@pytest.mark.parametrize("endpoint", UPLOADS, ids=["write", "both"])
def test_second_upload_is_refused_at_once(device: Device, variant: Variant, endpoint: str) -> None:
    """While the first one is stuck, and before a byte of the second one's body is read."""
    elf = variant("answer_43").data
    with half_sent(device, elf, "/upload-and-reload") as first:
        with device.client.raw(f"/{endpoint}", len(elf)) as second:
            answer = second.answer()
        assert (answer.status, answer.error) == (409, "HOTRELOAD_ERR_BUSY")
        assert answer.headers["Connection"] == "close"
        with pytest.raises(UpdateBusyError):
            device.client.upload(elf)

        assert not first.answered
        first.send(elf[len(elf) // 2 :])
        assert first.answer().status == 200
    assert device.probe.call("answer") == 43


def test_everything_else_is_answered_during_an_upload(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """A slow sender keeps nobody from loading, neither over HTTP nor in the application."""
    elf = variant("answer_43").data
    with half_sent(device, elf) as upload:
        assert device.client.status()["module"] == 1
        assert device.client.pending()["pending"] is None
        assert device.client.reload()["module"] == 2
        assert bench.reload() == "ESP_OK"

        assert not upload.answered
        upload.send(elf[len(elf) // 2 :])
        assert upload.answer().status == 200
    assert device.client.status()["pending"] == waiting(elf)


LENGTHS = {
    "missing": (None, 411, "HOTRELOAD_ERR_LENGTH_REQUIRED"),
    "zero": (0, 400, "HOTRELOAD_ERR_EMPTY"),
    "not-a-number": ("many", 400, "HOTRELOAD_ERR_REQUEST"),
    "hexadecimal": ("0x100", 400, "HOTRELOAD_ERR_REQUEST"),
    "negative": (-5, 400, "HOTRELOAD_ERR_REQUEST"),
    "two-numbers": ("5, 6", 400, "HOTRELOAD_ERR_REQUEST"),
    "one-more-than-the-maximum": (MAXIMUM + 1, 413, "HOTRELOAD_ERR_TOO_LARGE"),
    "all-32-bits": (2**32 - 1, 413, "HOTRELOAD_ERR_TOO_LARGE"),
    "33-bits": (2**32 + 5000, 413, "HOTRELOAD_ERR_TOO_LARGE"),
    "63-bits": (2**62 + 5000, 413, "HOTRELOAD_ERR_TOO_LARGE"),
    "more-than-64-bits": (2**64 + 5000, 400, "HOTRELOAD_ERR_REQUEST"),
}


def assert_refused(device: Device, upload: RawUpload, status: int, error: str) -> None:
    """Answered though no body was sent, with a goodbye, and nothing has changed."""
    answer = upload.answer()
    assert (answer.status, answer.error) == (status, error), answer
    assert answer.headers["Content-Type"] == "application/json"
    assert device.client.status()["loads"] == 1


def test_length_is_checked_before_the_body(device: Device) -> None:
    for name, (length, status, error) in LENGTHS.items():
        for endpoint in UPLOADS:
            with device.client.raw(f"/{endpoint}", length) as upload:
                answer = upload.answer()
            assert (answer.status, answer.error) == (status, error), (name, endpoint)
            assert answer.headers["Connection"] == "close", (name, endpoint)

    assert device.client.status()["loads"] == 1
    assert [e["op"] for e in device.trace.events if e.name == "request"] == ["load"]


def test_length_without_a_digit(device: Device) -> None:
    """For http_parser 2.7.0, which is ESP-IDF's, it is none; later versions find it malformed."""
    refusals = {(411, "HOTRELOAD_ERR_LENGTH_REQUIRED"), (400, "HOTRELOAD_ERR_REQUEST")}
    for endpoint in UPLOADS:
        with device.client.raw(f"/{endpoint}", "") as upload:
            answer = upload.answer()
        assert (answer.status, answer.error) in refusals


@pytest.mark.parametrize(
    "headers, status, error",
    [
        ([("Content-Length", "100")], 400, "HOTRELOAD_ERR_REQUEST"),
        ([("Content-Length", "200")], 400, "HOTRELOAD_ERR_REQUEST"),
        ([("Transfer-Encoding", "chunked")], 400, "HOTRELOAD_ERR_REQUEST"),
    ],
    ids=["twice", "two-different-ones", "and-chunked"],
)
def test_two_headers_for_one_length(
    device: Device, headers: list[tuple[str, str]], status: int, error: str
) -> None:
    with device.client.raw("/upload", 100, headers=headers) as upload:
        assert_refused(device, upload, status, error)


SMUGGLED = b"POST /reload HTTP/1.1\r\nHost: device\r\nContent-Length: 0\r\n\r\n"


def test_rest_of_a_body_is_no_request(device: Device, variant: Variant) -> None:
    """More than Content-Length says, or a body that nobody reads: the connection ends instead."""
    elf = variant("answer_43").data
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    requests = [
        ("/upload", len(elf), [], elf + SMUGGLED),
        ("/upload", 4, [], b"none" + SMUGGLED),
        ("/upload", 0, [], SMUGGLED),
        ("/upload", 2 * MAXIMUM, [], SMUGGLED),
        ("/upload", None, [("Transfer-Encoding", "chunked")], chunk),
        ("/reload", len(SMUGGLED), [], SMUGGLED),
        ("/reload", None, [("Transfer-Encoding", "chunked")], chunk),
        ("/reload", 2**32, [], SMUGGLED),
        ("/nowhere", None, [("Transfer-Encoding", "chunked")], chunk),
        ("/status", len(SMUGGLED), [], SMUGGLED),
    ]
    for path, length, headers, body in requests:
        with device.client.raw(path, length, headers=headers) as request:
            request.send(body)
            request.finish()
            answers = request.rest()
        assert answers.count(b"HTTP/1.1 ") == 1, (path, length, answers)

    assert device.client.status()["loads"] == 1


def test_refused_clients_leave_room_for_an_upload(device: Device, variant: Variant) -> None:
    """However many of them have read their answer and stay."""
    with ExitStack() as clients:
        for _ in range(3):
            client = clients.enter_context(device.client.raw("/upload", 2 * MAXIMUM))
            assert client.answer().status == 413
        answer = device.client.request("POST", "/upload", data=variant("answer_43").data)

    assert answer.status_code == 200, answer.text


def test_refused_client_reads_why_when_many_are(device: Device) -> None:
    """Also when the device has no task left that would wait for the rest of its body."""
    with ExitStack() as clients:

        def connect(path: str, length: int) -> RawUpload:
            return clients.enter_context(device.client.raw(path, length))

        for _ in range(2):
            assert connect("/upload", 2 * MAXIMUM).answer().status == 413
        busy = connect("/reload", 0)
        assert busy.answer().status == 200
        busy.send(b"GET /status HTTP/1.1\r\nX: ")  # the server waits for the end of it
        refused = [connect("/reload", 1000) for _ in range(3)]
        for client in refused:
            client.send(bytes(1000))
        busy.send(b"x\r\n\r\n")

        assert busy.answer().status == 200
        assert {client.answer().error for client in refused} == {"HOTRELOAD_ERR_BODY_UNEXPECTED"}


def test_body_where_none_belongs(device: Device) -> None:
    """It is refused instead of waited for."""
    with device.client.raw("/reload", 1000) as request:
        answer = request.answer()

    assert (answer.status, answer.error) == (400, "HOTRELOAD_ERR_BODY_UNEXPECTED")
    assert device.client.status()["loads"] == 1


def test_clients_that_stay_are_no_lack_of_memory(device: Device, variant: Variant) -> None:
    """Uploads are over when they were answered; the one too many is told when to come again."""
    elf = variant("answer_43").data
    with ExitStack() as clients:
        for _ in range(3):
            client = clients.enter_context(device.client.raw("/upload", len(elf)))
            client.send(elf)
            assert client.answer().status == 200
        answer = device.client.request("POST", "/upload", data=elf)
    assert (answer.status_code, answer.json()["error"]) == (503, "HOTRELOAD_ERR_CONNECTIONS")
    assert answer.headers["Retry-After"] == "2"

    # they have closed their connections now, which the device sees some time
    while device.client.request("POST", "/upload-and-reload", data=elf).status_code == 503:
        device.client.status()
    assert device.probe.call("answer") == 43


def test_client_that_waits_for_leave_to_send(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    expects = [("Expect", "100-continue")]
    with device.client.raw("/upload-and-reload", len(elf), headers=expects) as upload:
        assert upload.proceed()
        upload.send(elf)
        assert upload.answer().status == 200
    with device.client.raw("/upload", MAXIMUM + 1, headers=expects) as upload:
        assert not upload.proceed()
        assert upload.answer().status == 413

    assert device.probe.call("answer") == 43


def test_pipelined_client_that_waits_for_leave_to_send(device: Device, variant: Variant) -> None:
    """The second request's headers come with the first, its body when it was asked for."""
    elf = variant("answer_43").data
    upload = (
        f"POST /upload-and-reload HTTP/1.1\r\nHost: device\r\nContent-Length: {len(elf)}\r\n"
        "Expect: 100-continue\r\n\r\n"
    ).encode()
    with device.client.raw("/reload", 0) as client:
        assert client.answer().status == 200
        client.send(SMUGGLED + upload)
        answers = client.receive_until(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert answers.count(b"HTTP/1.1 200 OK") == 1
        client.send(elf)
        assert client.answer().status == 200

    assert device.probe.call("answer") == 43


def test_pipelined_requests_are_answered_in_turn(device: Device, variant: Variant) -> None:
    """Whatever is behind the last one of them, a body that comes with its headers among it."""
    elf = variant("answer_43").data
    status = b"GET /status HTTP/1.1\r\nHost: device\r\n\r\n"
    upload = f"POST /upload HTTP/1.1\r\nHost: device\r\nContent-Length: {len(elf)}\r\n\r\n"
    with device.client.raw("/reload", 0) as client:
        client.send(status + SMUGGLED + status + upload.encode() + elf)
        client.finish()
        answers = client.rest().decode()

    assert answers.count("HTTP/1.1 200 OK") == answers.count("HTTP/1.1 ") == 5
    assert re.findall(r'"module":(\d)', answers) == ["2", "2", "3", "3", "3"]
    assert device.client.status()["pending"] == waiting(elf)


def test_curl(device: Device, variant: Variant, tmp_path: Path) -> None:
    """As the README has it, and as curl sends large files: after it was told to go on."""
    module = tmp_path / "module.so"
    module.write_bytes(variant("answer_43").data)
    command = ["curl", "-sSv", "--max-time", "20", "-X", "POST", "-F", f"file=@{module}"]
    url = f"{device.client.url}/upload-and-reload"
    result = subprocess.run(
        [*command, "-H", "Expect: 100-continue", "--expect100-timeout", "20", url],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert "< HTTP/1.1 100 Continue" in result.stderr
    assert '"status":"ok"' in result.stdout
    assert device.probe.call("answer") == 43


def ended_upload(device: Device, elf: bytes) -> tuple[RawAnswer, int]:
    """An upload that stops half-way: its answer, and how many microseconds the device waited."""
    with stuck(device, elf) as upload:
        device.trace.mark()
        upload.send(elf[: len(elf) // 2])
        answer = upload.answer()
        error = device.trace.wait("error", op="update")
    pieces = [event for event in device.trace.events if event.name == "store"]
    return answer, error.microseconds - pieces[-1].microseconds


@impatient
def test_silent_client_is_cut_off(device: Device, variant: Variant) -> None:
    """After the milliseconds that were configured, not after the second that they round up to."""
    elf = variant("answer_43").data + bytes(4096)
    tries = [ended_upload(device, elf) for _ in range(5)]

    for answer, _ in tries:
        assert (answer.status, answer.error) == (408, "HOTRELOAD_ERR_BODY_TIMEOUT")
    waited = [microseconds for _, microseconds in tries]
    assert min(waited) >= 280_000  # some time passes between the last piece and its trace
    assert min(waited) < 900_000
    assert device.probe.call("answer") == 42


@impatient
def test_dripping_client_is_cut_off(device: Device, variant: Variant) -> None:
    """Each byte comes in time, the module never does."""
    elf = variant("answer_43").data + bytes(100_000)
    with stuck(device, elf) as upload:
        for i in itertools.count():
            upload.send(elf[i : i + 1])
            device.client.status()
            if upload.answered or i == 4_000:
                break
        answer = upload.answer()

    assert (answer.status, answer.error) == (408, "HOTRELOAD_ERR_UPLOAD_TIMEOUT")
    device.client.upload(variant("answer_43"))


@impatient
def test_dripping_headers_are_cut_off(device: Device) -> None:
    """The server can do nothing else meanwhile."""
    with device.client.raw("/reload", 0) as client:
        assert client.answer().status == 409
        client.send(b"GET /status HTTP/1.1\r\nX: ")
        for _ in range(4_000):
            if client.answered:
                break
            device.probe.call("answer")
            client.send(b"x")
        answer = client.answer()

    assert (answer.status, answer.error) == (408, "HOTRELOAD_ERR_REQUEST")
    assert answer.headers["Connection"] == "close"
    assert device.client.status()["loads"] == 1


@impatient
def test_each_request_has_its_own_time(device: Device, bench: Bench) -> None:
    """A connection may be kept and may be idle for longer than its headers may take."""
    with device.client.raw("/reload", 0) as client:
        assert client.answer().status == 409
        assert bench.reload() == "ESP_OK"
        start = device.trace.events[-1].microseconds
        while device.trace.events[-1].microseconds - start < 600_000:
            assert bench.reload() == "ESP_OK"
        client.send(SMUGGLED)
        assert client.answer().status == 409


@cooperative
def test_application_chooses_the_moment(device: Device, bench: Bench, variant: Variant) -> None:
    elf = variant("answer_43").data
    assert device.client.pending()["reload_mode"] == "cooperative"
    nothing = device.client.request("POST", "/reload")
    assert nothing.status_code == 409
    assert nothing.json()["error"] == "HOTRELOAD_ERR_NO_UPDATE"

    answer = device.client.request("POST", "/upload-and-reload", data=elf)
    assert (answer.status_code, answer.json()) == (
        202,
        {"status": "pending", "pending": waiting(elf)},
    )
    answer = device.client.request("POST", "/reload")
    assert (answer.status_code, answer.json()) == (
        202,
        {"status": "pending", "pending": waiting(elf)},
    )
    assert device.client.pending()["pending"] == waiting(elf)
    assert device.client.status()["pending"] == waiting(elf)
    assert (device.client.status()["loads"], device.probe.call("answer")) == (1, 42)

    assert bench.reload() == "ESP_OK"

    assert device.probe.call("answer") == 43
    assert device.client.pending()["pending"] is None


@pytest.mark.reload
def test_update_that_waits_is_told_in_either_mode(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    assert device.client.pending() == {
        "status": "ok",
        "reload_mode": "immediate",
        "pending": None,
    }
    device.client.upload(elf)
    assert device.client.pending()["pending"] == waiting(elf)
    device.client.reload()
    assert device.client.pending()["pending"] is None


def test_other_requests_change_nothing(device: Device) -> None:
    """Each gets the error object of the others, a wrong method with the right one."""
    for path in ("/upload", "/reload", "/upload-and-reload", "/confirm", "/rollback", "/retry"):
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            answer = device.client.request(method, path)
            assert answer.status_code == 405, (method, path)
            assert answer.headers["Allow"] == "POST"
            if method != "HEAD":
                assert answer.json()["error"] == "HOTRELOAD_ERR_METHOD"
    for path in ("/status", "/pending", "/"):
        for method in ("HEAD", "POST"):
            answer = device.client.request(method, path)
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET"), (method, path)
    for path in ("/uploads", "/status/", "/probe/crash"):
        answer = device.client.request("GET", path)
        assert (answer.status_code, answer.json()["error"]) == (404, "HOTRELOAD_ERR_ENDPOINT")
    with device.client.raw("/reload", None, headers=[("X", 200_000 * "x")]) as request:
        answer_431 = request.answer()
    assert (answer_431.status, answer_431.error) == (431, "HOTRELOAD_ERR_REQUEST")
    assert b"512 bytes of CONFIG_HTTPD_MAX_REQ_HDR_LEN" in answer_431.body
    answer = device.client.request("GET", "/status?" + 600 * "x")
    assert (answer.status_code, answer.json()["error"]) == (414, "HOTRELOAD_ERR_REQUEST")
    assert "512 bytes of CONFIG_HTTPD_MAX_URI_LEN" in answer.json()["message"]
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AA"}
    answer = device.client.request("GET", "/status", headers=upgrade)
    assert (answer.status_code, answer.json()["error"]) == (400, "HOTRELOAD_ERR_REQUEST")
    assert "the header Upgrade asks for h2c: leave it out" in answer.json()["message"]

    status = device.client.status()
    assert (status["loads"], status["pending"], status["last_error"]) == (1, None, None)


def test_answer_to_head_has_no_body(device: Device) -> None:
    """It says how long the body would be (RFC 9110 section 9.3.2)."""
    with device.client.raw("/reload", 0) as client:
        assert client.answer().status == 200
        client.send(b"HEAD /status HTTP/1.1\r\nHost: device\r\n\r\n")
        client.finish()
        head, end, body = client.rest().partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 405 ")
    assert (end, body) == (b"\r\n\r\n", b"")


def test_white_space_around_values_counts_for_nothing(device: Device, variant: Variant) -> None:
    """RFC 9110 section 5.5; http_parser itself takes no tabs around a length."""
    elf = variant("answer_43").data
    expects = [("Expect", "  100-continue \t ")]
    with device.client.raw("/upload-and-reload", f"   {len(elf)}  ", headers=expects) as upload:
        assert upload.proceed()
        upload.send(elf)
        assert upload.answer().status == 200
    with device.client.raw("/reload", " 0 ") as reload:
        assert reload.answer().status == 200


def test_refusals_do_not_fill_the_console(device: Device) -> None:
    """Ten at once, then one in a second, with the number of the others."""

    def refuse() -> None:
        answer = device.client.request("POST", "/upload", data=b"no module, and too short for one")
        assert answer.status_code == 422

    lines = 0
    told = 0
    for _ in range(60):
        refuse()
    while not told:
        refuse()
        errors = [line.text for line in device.console.lines if "E (" in line.text]
        found = re.search(r"hotreload: (\d+) failures before this one were not logged", errors[-2])
        told = int(found[1]) if found else 0
        lines = len([text for text in errors if "HOTRELOAD_ERR_" in text])

    assert 10 <= lines < 20
    assert told > 0


def test_addresses_are_printed_as_urls(device: Device) -> None:
    _, match = device.console.wait_line(r"IPv4 address: ([\d.]+)", 0)
    device.console.wait_line(rf"hotreload: http://{re.escape(match[1])}:8080 on \w+", 0)


def test_status(device: Device, bench: Bench, variant: Variant) -> None:
    module = variant("answer_43").data + b"behind it"
    device.client.upload_and_reload(module)
    device.client.upload(variant("bigger"))

    status = device.client.status()
    placement, heaps = device.placement(), device.probe.heaps()
    assert (status["loaded"], status["module"], status["loads"]) == (True, 2, 2)
    assert {name: status[name] for name in ("size", "hash")} == waiting(module)
    assert status["firmware"] == device.firmware.identity.hex()
    assert status["pending"] == waiting(variant("bigger").data)
    assert (status["partition"], status["max_size"]) == ("hotreload", MAXIMUM)
    assert (status["retired"], status["passed_over"], status["last_error"]) == (0, [], None)
    assert (status["restarts"], status["confirm_ms"]) == (0, 10_000)
    assert device.client.status()["uptime_s"] > status["uptime_s"] > 0
    assert int(status["text"]["address"], 16) == placement.text.address
    assert int(status["data"]["address"], 16) == placement.data.address
    assert status["heap"]["exec_free"] == heaps.exec_free

    assert bench.load_from_ram(module) == "ESP_OK"
    status = device.client.status()
    assert (status["size"], status["hash"]) == (len(module), None)
    assert bench.unload() == "ESP_OK"
    status = device.client.status()
    assert (status["loaded"], status["module"], status["hash"]) == (False, 0, None)
    assert status["loads"] == 3


@pytest.mark.needs("network-memory")
@pytest.mark.parametrize("form", ["raw", "multipart"])
def test_memory_that_an_upload_needs(
    device: Device, bench: Bench, variant: Variant, form: str
) -> None:
    """8 KB at most, however large the module: its task, its buffers, everything."""
    module = variant("answer_43").data
    elf = module + bytes(MAXIMUM - len(module))
    free = bench.level_heap()

    if form == "raw":
        device.client.upload(elf)
    else:
        device.client.upload_form(elf)

    needed = free - device.probe.heaps().data_minimum
    assert 1024 < needed <= 8 * 1024


def test_stack_of_an_upload(device: Device, variant: Variant) -> None:
    """The task lives until its client has gone."""
    elf = variant("answer_43").data + bytes(100_000)
    with device.client.raw("/upload-and-reload", len(elf)) as upload:
        upload.send(elf)
        assert upload.answer().status == 200
        free = {task.name: task.stack_free for task in device.probe.tasks()}

    assert free["hotreload_conn"] >= 512


def test_no_socket_for_a_client(device: Device, bench: Bench, variant: Variant) -> None:
    """Who comes while the application has all of them is turned away; who is there is served."""
    elf = variant("answer_43").data
    newcomer = HotReloadClient(lambda: device.client.url)
    with half_sent(device, elf, "/upload-and-reload") as upload:
        bench.take_sockets()
        for _ in range(3):
            with pytest.raises(NoAnswer):
                newcomer.status()
        upload.send(elf[len(elf) // 2 :])
        assert upload.answer().status == 200
    assert device.probe.call("answer") == 43

    bench.give_sockets()
    assert newcomer.upload_and_reload(elf)["module"] == 3


@pytest.mark.parametrize("more", [0, 100_000], ids=["silent", "sending"])
def test_stop_during_an_upload(device: Device, bench: Bench, variant: Variant, more: int) -> None:
    """The answer arrives, also where the device has not read all that was sent."""
    elf = variant("answer_43").data + bytes(more)
    before = bench.allocated()
    with half_sent(device, elf) as upload:
        assert bench.stop_server() == "ESP_OK"
        answer = upload.answer()
    assert (answer.status, answer.error) == (503, "HOTRELOAD_ERR_STOPPED")
    assert bench.start_server() == "ESP_OK"

    ended = 0 if "network-memory" in device.lane.capabilities else 1
    assert bench.allocated().more_than(before, connections=ended) == {}
    assert device.client.upload_and_reload(elf)["module"] == 2
    assert device.probe.call("answer") == 43


def test_stop_in_a_hook(device: Device, bench: Bench, variant: Variant) -> None:
    """The server would wait for itself: it says so instead, whoever asked for the reload."""
    bench.stop_server_in_hook()
    refused = ("ESP_ERR_INVALID_STATE", "ESP_ERR_INVALID_STATE")

    device.client.reload()
    assert bench.stopped_in_hook() == refused
    device.client.upload_and_reload(variant("answer_43"))
    assert bench.stopped_in_hook() == refused
    assert bench.reload() == "ESP_OK"
    assert bench.stopped_in_hook() == refused

    assert device.client.status()["loads"] == 4
