"""Only who has the key of the firmware changes what the device runs.

In this file every device wants signed requests; the fixture `device` signs them.
"""

import hashlib
import hmac
import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from hotreload_client import Client, Key, OtherKeyError
from pytest_embedded_hotreload.api import (
    Device,
    HotReloadClient,
    HotReloadHTTPError,
    Module,
    RawAnswer,
    Variant,
)
from scenarios.bench import Bench
from scenarios.flash_damage import SAME_CRC, UNREAD, damage, module_43

TRUSTED = "http://tools.example:3000"
FLOOR = 6  # the scenarios' modules are build 7
CONFIG = {
    "CONFIG_HOTRELOAD_AUTH": "y",
    "CONFIG_HOTRELOAD_BUILD_FLOOR": str(FLOOR),
    "CONFIG_HOTRELOAD_TRUSTED_ORIGIN": f'"{TRUSTED}"',
    # the type of partition that the README recommends with keys
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME": '"partitions_data.csv"',
}
#: one firmware for the tests with the page and for the one of old nonces
PAGE = {
    **CONFIG,
    "CONFIG_HOTRELOAD_WEB_PAGE": "y",
    "CONFIG_HOTRELOAD_NONCE_LIFETIME_MS": "1000",
}
ENDPOINTS = [
    pytest.param("/upload", id="write"),
    pytest.param("/reload", id="load"),
    pytest.param("/upload-and-reload", id="both"),
]
CHANGES = [
    *ENDPOINTS,
    pytest.param("/confirm", id="keep"),
    pytest.param("/rollback", id="back"),
    pytest.param("/retry", id="again"),
]

MAXIMUM = 128 * 1024

HEADER = "HOTRELOAD_ERR_AUTH_HEADER"
NONCE = "HOTRELOAD_ERR_AUTH_NONCE"
REPLAYED = "HOTRELOAD_ERR_AUTH_REPLAYED"
MAC = "HOTRELOAD_ERR_AUTH_MAC"
BODY = "HOTRELOAD_ERR_AUTH_BODY"
VERSION = "HOTRELOAD_ERR_AUTH_VERSION"
MODULE_MAC = "HOTRELOAD_ERR_MODULE_MAC"
BUILD_FLOOR = "HOTRELOAD_ERR_BUILD_FLOOR"
ORIGIN = "HOTRELOAD_ERR_ORIGIN"

COMPONENT = Path(__file__).parents[1] / "component" / "hotreload"
TOOL = COMPONENT / "tools" / "hotreload.py"

pytestmark = pytest.mark.firmware(config=CONFIG)


@dataclass(frozen=True)
class Captured:
    """A request that somebody has overheard, as it went over the wire."""

    endpoint: str
    authorization: str
    body: bytes


def key_of(device: Device) -> Key:
    key = device.firmware.auth_key
    assert key is not None
    return key


def secret_of(device: Device) -> str:
    """The key itself, which only these tests look at."""
    manifest = json.loads(device.firmware.manifest.read_text())
    return Path(manifest["auth_key"]).read_text().strip()


def sign(device: Device, endpoint: str, elf: bytes, nonce: str = "") -> Captured:
    challenge = device.client.challenge()
    if nonce:
        challenge = replace(challenge, nonce=nonce)
    return Captured(endpoint, key_of(device).authorization(endpoint, challenge, elf), elf)


def send(device: Device, request: Captured, **more: str) -> requests.Response:
    """The request as it is: nobody signs it again."""
    headers = {"Authorization": request.authorization, **more}
    url = device.client.url + request.endpoint
    return requests.post(url, data=request.body, headers=headers, timeout=20)


def error_of(response: requests.Response) -> str:
    """The name of the error of an answer that refuses a client."""
    assert response.status_code == 401, response.text
    assert response.headers["WWW-Authenticate"] == "HMAC-SHA256"
    return str(response.json()["error"])


@pytest.fixture
def untouched(device: Device) -> Iterator[None]:
    """Whatever the test does leaves module and flash as they are, and writes nothing."""
    before = device.client.status()
    flash = device.flash.read_partition("hotreload")
    mark = device.trace.mark()
    yield
    after = device.client.status()
    assert [event.name for event in device.trace.since(mark)] == []
    assert device.flash.read_partition("hotreload") == flash
    changes = {"heap": 0, "last_error": 0, "uptime_s": 0}
    assert {**after, **changes} == {**before, **changes}
    assert device.probe.call("answer") == 42


# what is done


def test_signed_requests_are_done(device: Device, variant: Variant) -> None:
    device.client.upload(variant("answer_43"))
    assert device.probe.call("answer") == 42
    device.client.reload()
    assert device.probe.call("answer") == 43
    device.client.upload_and_reload(variant("bigger"))
    assert device.probe.call("answer") == 1933
    device.client.upload_and_reload_form(variant("answer_43"))
    assert device.probe.call("answer") == 43


def test_query_is_not_signed(device: Device, variant: Variant) -> None:
    """Nothing depends on it; the path before it counts."""
    signed = sign(device, "/upload-and-reload", variant("answer_43").data)
    assert send(device, replace(signed, endpoint="/upload-and-reload?by=me")).status_code == 200
    assert device.probe.call("answer") == 43

    signed = sign(device, "/reload", b"")
    other = replace(signed, endpoint="/confirm?/reload")
    assert error_of(send(device, other)) == MAC


def test_anyone_may_ask(device: Device) -> None:
    for endpoint in ("/status", "/nonce"):
        assert requests.get(device.client.url + endpoint, timeout=20).status_code == 200


def test_a_nonce_comes_with_what_is_to_be_signed(device: Device) -> None:
    """The version of the protocol, this device, and the key that it wants."""
    answer = requests.get(f"{device.client.url}/nonce", timeout=20).json()
    wanted = hashlib.sha256(bytes.fromhex(secret_of(device))).hexdigest()[:16]
    assert (answer["version"], answer["key"], len(answer["device"])) == (2, wanted, 12)
    refused = requests.post(f"{device.client.url}/reload", timeout=20)
    assert error_of(refused) == HEADER
    assert wanted in refused.json()["message"]
    other = Key(bytes(32))
    with pytest.raises(OtherKeyError, match=f"wants key {wanted}, this is {other.id}"):
        Client(device.client.url, other).reload()


def test_every_task_has_stack_left_while_a_body_is_hashed(device: Device, variant: Variant) -> None:
    elf = variant("bigger").data
    request = sign(device, "/upload", elf)
    headers = [("Authorization", request.authorization)]
    with device.client.raw("/upload", len(elf), headers=headers) as upload:
        upload.send(elf[:-1])
        device.trace.wait("store", op="write")
        left = {task.name: task.stack_free for task in device.probe.tasks()}
        upload.send(elf[-1:])
        assert upload.answer().status == 200

    assert "hotreload_conn" in left
    assert {name: free for name, free in left.items() if free < 256} == {}


@pytest.mark.needs("network-memory")
def test_memory_that_a_signed_upload_needs(device: Device, bench: Bench, variant: Variant) -> None:
    """No more than one without a signature may need."""
    module = variant("answer_43").data
    elf = module + bytes(MAXIMUM - len(module))
    free = bench.level_heap()

    device.client.upload_form(elf)

    assert 1024 < free - device.probe.heaps().data_minimum <= 8 * 1024


def test_clients_at_the_same_time(device: Device, variant: Variant) -> None:
    """None uses up the nonce of another; only updates wait for each other."""
    elf = variant("answer_43").data

    def upload(_: int) -> int:
        request = sign(device, "/upload", elf)
        return send(device, request).status_code

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(upload, range(9)))

    assert set(answers) <= {200, 409}
    assert 200 in answers
    device.client.reload()
    assert device.probe.call("answer") == 43


def test_the_command_line_signs(device: Device, variant: Variant) -> None:
    """It finds the key by the manifest, and without one it is refused."""

    def run(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        command = [sys.executable, "-B", TOOL, "--url", device.client.url, *arguments]
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, cwd=COMPONENT
        )
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr

    module = variant("answer_43").path
    status, _, said = run("upload-and-reload", module)
    assert status == 1
    assert f"HTTP 401: {HEADER}" in said
    assert "--manifest" in said
    assert device.probe.call("answer") == 42

    status, answer, said = run("--manifest", device.firmware.manifest, "upload-and-reload", module)
    assert (status, answer["status"], said) == (0, "ok", "")
    assert device.probe.call("answer") == 43
    assert run("status")[1]["module"] == answer["module"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl: install openssl")
def test_the_readme_s_commands_sign(device: Device, variant: Variant, tmp_path: Path) -> None:
    readme = (COMPONENT / "README.md").read_text()
    (commands,) = re.findall(r"```sh\n(device=.*?)```", readme, re.DOTALL)
    (tmp_path / "build" / "hotreload").mkdir(parents=True)
    shutil.copy(variant("answer_43").path, tmp_path / "build" / "reloadable_stripped.so")
    shutil.copy(device.firmware.manifest.parent / "auth_key", tmp_path / "build" / "hotreload")

    script = commands.replace("http://192.168.1.100:8080", device.client.url)
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "ok"
    assert device.probe.call("answer") == 43


# what is refused before the body is read


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("endpoint", CHANGES)
def test_an_unsigned_request(device: Device, variant: Variant, endpoint: str) -> None:
    url = device.client.url + endpoint
    elf = variant("answer_43").data
    assert error_of(requests.post(url, data=elf, timeout=20)) == HEADER
    assert error_of(requests.post(url, files={"file": ("m.so", elf)}, timeout=20)) == HEADER
    assert error_of(requests.post(url, data=elf, auth=("user", "password"), timeout=20)) == HEADER


@pytest.mark.usefixtures("untouched")
def test_the_answer_comes_before_the_body(device: Device) -> None:
    with device.client.raw("/upload", 100_000) as upload:
        answer: RawAnswer = upload.answer()

    assert (answer.status, json.loads(answer.body)["error"]) == (401, HEADER)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("endpoint", CHANGES)
def test_a_request_signed_with_another_key(device: Device, variant: Variant, endpoint: str) -> None:
    elf = variant("answer_43").data
    other = Key(bytes(32))
    challenge = replace(device.client.challenge(), key=other.id)
    forged = other.authorization(endpoint, challenge, elf)
    assert error_of(send(device, Captured(endpoint, forged, elf))) == MAC


@pytest.mark.usefixtures("untouched")
def test_a_signature_of_another_request(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    request = sign(device, "/upload", elf)
    for other in (
        Captured("/upload-and-reload", request.authorization, elf),
        Captured("/reload", request.authorization, b""),
        Captured("/upload", request.authorization.replace("mac=", "mac=0")[:-1], elf),
    ):
        assert error_of(send(device, other)) == MAC


@pytest.mark.usefixtures("untouched")
def test_a_signature_that_is_cut_off(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    request = sign(device, "/upload-and-reload", elf)
    for length in (0, 11, 22, 50, 110, len(request.authorization) - 1):
        cut = Captured(request.endpoint, request.authorization[:length], elf)
        assert error_of(send(device, cut)) == HEADER, length
    longer = Captured(request.endpoint, request.authorization + "0" * 20, elf)
    assert error_of(send(device, longer)) == HEADER


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_request_that_was_overheard(device: Device, variant: Variant, endpoint: str) -> None:
    old, new = variant("answer_43").data, variant("bigger").data
    request = sign(device, endpoint, b"" if endpoint == "/reload" else old)
    assert send(device, request).status_code == 200
    device.client.upload_and_reload(new)
    mark = device.trace.mark()

    for _ in range(3):
        assert error_of(send(device, request)) == REPLAYED

    assert [event for event in device.trace.since(mark) if event.name == "store"] == []
    assert device.probe.call("answer") == 1933
    device.reset()
    assert device.probe.call("answer") == 1933


@pytest.mark.usefixtures("untouched")
@pytest.mark.firmware(config=PAGE)
def test_a_request_that_was_kept_for_later(device: Device, variant: Variant) -> None:
    request = sign(device, "/upload-and-reload", variant("answer_43").data)

    # a nonce begins with the time of its issue in microseconds
    signed_at = int(device.client.challenge().nonce[:16], 16)
    while int(device.client.challenge().nonce[:16], 16) < signed_at + 1_100_000:
        pass

    assert error_of(send(device, request)) == NONCE


@pytest.mark.usefixtures("untouched")
def test_a_nonce_that_nobody_issued(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    for nonce in ("0" * 48, "f" * 48, hashlib.sha256(elf).hexdigest()[:48]):
        assert error_of(send(device, sign(device, "/upload", elf, nonce))) == NONCE


@pytest.mark.parametrize(
    "restart",
    [
        pytest.param("reset", marks=pytest.mark.needs("reset")),
        pytest.param("power_cycle", marks=pytest.mark.needs("power-cut")),
    ],
)
def test_a_request_of_an_earlier_boot(device: Device, variant: Variant, restart: str) -> None:
    request = sign(device, "/upload-and-reload", variant("answer_43").data)

    getattr(device, restart)()

    assert error_of(send(device, request)) == NONCE
    assert device.probe.call("answer") == 42


# modules that nobody signed


def as_form(elf: bytes) -> tuple[bytes, str]:
    """A form with the module as its file, and its type."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="m.so"\r\n\r\n'
    return head + elf + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


@pytest.mark.parametrize("endpoint", [ENDPOINTS[0], ENDPOINTS[2]])
def test_a_body_that_was_swapped_never_becomes_current(
    device: Device, variant: Variant, endpoint: str
) -> None:
    """What is written of it goes to the half of the partition that is not in use."""
    signed, sent = variant("answer_43").data, variant("bigger").data
    before = device.flash.read_partition("hotreload")
    mark = device.trace.mark()

    request = sign(device, endpoint, signed)
    assert error_of(send(device, replace(request, body=sent))) == BODY

    stored = [event for event in device.trace.since(mark) if event.name == "store"]
    assert "commit" not in [event["op"] for event in stored]
    after = device.flash.read_partition("hotreload")
    half = len(after) // 2
    assert after[:half] == before[:half]
    assert device.probe.call("answer") == 42
    device.reset()
    assert device.probe.call("answer") == 42
    device.client.upload_and_reload(signed)
    assert device.probe.call("answer") == 43


def test_the_form_does_not_matter_but_the_module_does(device: Device, variant: Variant) -> None:
    """The type of a body is nobody's to sign: the module that comes out of it counts."""
    elf, other = variant("answer_43").data, variant("bigger").data
    body, kind = as_form(elf)
    request = replace(sign(device, "/upload-and-reload", elf), body=body)
    assert send(device, request, **{"Content-Type": kind}).status_code == 200
    assert device.probe.call("answer") == 43

    # a body that is signed as it is, and is another module when it is read as a form
    hidden, kind = as_form(other)
    request = sign(device, "/upload-and-reload", hidden)
    assert error_of(send(device, request, **{"Content-Type": kind})) == BODY
    assert device.probe.call("answer") == 43


def test_a_client_of_the_version_before(device: Device) -> None:
    zeros = "0" * 64
    old = f"HMAC-SHA256 nonce={device.client.challenge().nonce},sha256={zeros},mac={zeros}"
    response = send(device, Captured("/reload", old, b""))
    assert error_of(response) == VERSION
    assert "update the client" in response.json()["message"]


# modules that were not built with the key


def resigned(device: Device, module: Module, build: int, secret: bytes = b"") -> bytes:
    """The module as the build would make it, with another number or another key.

    As src/elf/hr_image_mac.h says, written down a second time.
    """
    owner = struct.pack("<III12s", 10, 36, 2, b"hotreload")
    before, after = module.data.split(owner)
    content = struct.pack("<I32s", build, bytes(32))
    zeroed = before + owner + content + after[36:]
    text = f"hotreload-module-1\n{hashlib.sha256(zeroed).hexdigest()}\n".encode()
    mac = hmac.new(secret or bytes.fromhex(secret_of(device)), text, "sha256").digest()
    return before + owner + content[:4] + mac + after[36:]


def test_modules_of_the_build_are_signed_like_this(device: Device, variant: Variant) -> None:
    module = variant("answer_43")
    assert resigned(device, module, 7) == module.data


def unsigned(device: Device, module: Module) -> list[tuple[bytes, str]]:
    """Modules that are right in all but who has built them or when, and how they are refused."""
    return [
        (resigned(device, module, 7, bytes(32)), MODULE_MAC),
        (resigned(device, module, FLOOR - 1), BUILD_FLOOR),
    ]


def test_a_module_that_somebody_wrote_to_flash(device: Device, variant: Variant) -> None:
    """It does not run, whoever can write the flash: the module before it does."""
    device.client.upload_and_reload(variant("bigger"))
    device.client.confirm()  # the starts of this test are no reason to give it up
    for elf, error in unsigned(device, variant("answer_43")):
        for write in (device.flash_module, device.flash_raw):
            write(elf)
            passed = device.client.status()["passed_over"]
            assert [module["error"] for module in passed] == [error]
            assert device.probe.call("answer") == 1933


def test_a_module_that_is_in_ram_or_comes_in_a_signed_request(
    device: Device, bench: Bench, variant: Variant
) -> None:
    for elf, error in unsigned(device, variant("answer_43")):
        assert bench.load_from_ram(elf) == error
        assert bench.update(elf) == error
        with pytest.raises(HotReloadHTTPError, match=error):
            device.client.upload_and_reload(elf)
        assert device.probe.call("answer") == 42
    assert bench.load_from_ram(resigned(device, variant("answer_43"), FLOOR)) == "ESP_OK"
    assert device.probe.call("answer") == 43


@pytest.mark.needs("power-cut")
def test_a_confirmed_module_that_somebody_changed(device: Device, variant: Variant) -> None:
    """So that its checksum is right: its MAC is not."""
    device.client.confirm()
    module = module_43(variant)
    elf = resigned(device, module, FLOOR)
    device.client.upload_and_reload(elf)
    device.client.confirm()
    assert device.probe.call("answer") == 43

    damage(device, elf, elf.index(UNREAD) + 4, SAME_CRC)

    assert device.probe.call("answer") == 42
    (passed,) = device.client.status()["passed_over"]
    assert passed["error"] == MODULE_MAC


# the device's own page, which has no key


def from_page(device: Device, endpoint: str, body: bytes, **headers: str) -> requests.Response:
    """What a browser sends that has the device's page open."""
    own = {"Origin": device.client.url, "Sec-Fetch-Site": "same-origin", **headers}
    return requests.post(device.client.url + endpoint, data=body, headers=own, timeout=20)


@pytest.mark.firmware(config=PAGE)
def test_the_page_brings_modules_that_their_build_has_signed(
    device: Device, variant: Variant
) -> None:
    """And no others; a signature that a request does have is looked at."""
    module = variant("answer_43")
    for endpoint in ("/upload", "/upload-and-reload"):
        for elf, error in unsigned(device, module):
            refused = from_page(device, endpoint, elf)
            assert (refused.status_code, refused.json()["error"]) == (422, error)
        assert error_of(send(device, sign(device, endpoint, module.data, "0" * 48))) == NONCE
    assert device.probe.call("answer") == 42

    body, kind = as_form(variant("bigger").data)
    form = from_page(device, "/upload-and-reload", body, **{"Content-Type": kind})
    assert (form.status_code, device.probe.call("answer")) == (200, 1933)
    assert from_page(device, "/upload", module.data).status_code == 200
    device.client.reload()
    assert device.probe.call("answer") == 43


@pytest.mark.usefixtures("untouched")
@pytest.mark.firmware(config=PAGE)
def test_the_page_changes_nothing_else(device: Device, variant: Variant) -> None:
    """What is not an upload is signed as without the page, and pages of other sites are refused."""
    elf = variant("answer_43").data
    for endpoint in ("/reload", "/confirm", "/rollback", "/retry"):
        for body in (b"", elf):
            assert error_of(from_page(device, endpoint, body)) == HEADER
    for endpoint in ("/upload", "/upload-and-reload"):
        refused = from_page(device, endpoint, elf, Origin="http://evil.example")
        assert (refused.status_code, refused.json()["error"]) == (403, ORIGIN)


# pages of other sites


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("endpoint", CHANGES)
def test_a_page_of_another_site(device: Device, variant: Variant, endpoint: str) -> None:
    """Not even what is signed is taken from it."""
    elf = variant("answer_43").data
    for headers in (
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Origin": f"{TRUSTED}0"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        response = send(device, sign(device, endpoint, elf), **headers)
        assert (response.status_code, response.json()["error"]) == (403, ORIGIN), headers


def test_pages_of_the_device_and_of_a_trusted_site(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    for headers in (
        {"Origin": device.client.url, "Sec-Fetch-Site": "same-origin"},
        {"Origin": TRUSTED, "Sec-Fetch-Site": "cross-site"},
    ):
        assert send(device, sign(device, "/upload", elf), **headers).status_code == 200


# the secret


def test_the_secret_is_never_shown(device: Device, variant: Variant) -> None:
    secret = secret_of(device)
    answers: list[str] = []
    client = HotReloadClient(
        lambda: device.client.url, lambda _, answer, __: answers.append(answer), key_of(device)
    )
    client.upload_and_reload(variant("answer_43"))
    client.status()
    client.challenge()
    with pytest.raises(HotReloadHTTPError):
        client.upload(b"no module")
    send(device, sign(device, "/reload", b"", "0" * 48))

    shown = [line.text for line in device.console.lines] + answers
    assert len(shown) > 20
    raw = bytes.fromhex(secret)
    for text in (secret, secret.upper(), raw.decode("latin-1"), secret[:16], secret[-16:]):
        assert [line for line in shown if text in line] == []
    assert secret not in device.firmware.manifest.read_text()
    assert secret not in repr(key_of(device))


def test_the_secret_is_for_its_owner_only(device: Device) -> None:
    """Also in what compiler, linker and esptool have made of it: nobody else gets there."""
    raw = bytes.fromhex(secret_of(device))
    build = device.firmware.build_dir
    files = [path for path in build.rglob("*") if path.is_file() and not path.is_symlink()]
    found = [
        path for path in files if raw in (data := path.read_bytes()) or raw.hex().encode() in data
    ]
    assert device.firmware.elf in found
    assert device.firmware.app_image in found
    for path in found:
        steps = [step for step in (path, *path.parents) if step.is_relative_to(build)]
        assert [step for step in steps if step.stat().st_mode & 0o077 == 0], path
    for path in device.firmware.manifest.parent.glob("auth_key*"):
        assert path.stat().st_mode & 0o077 == 0, path.name


def warnings(device: Device) -> list[str]:
    """What the log of a start says of who may upload."""
    device.console.wait_line("Returned from app_main", 0, timeout=10)
    return [line.text for line in device.console.lines if "anyone" in line.text]


def test_the_log_says_nothing_of_anyone(device: Device) -> None:
    assert warnings(device) == []


@pytest.mark.firmware(config={})
def test_without_keys_the_log_says_that_anyone_may_upload(device: Device) -> None:
    said = "\n".join(warnings(device))
    assert said.count("anyone on the network can run code on this device") == 1
    assert requests.get(f"{device.client.url}/nonce", timeout=20).status_code == 404
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
        refused = requests.post(f"{device.client.url}/reload", headers=headers, timeout=20)
        assert (refused.status_code, refused.json()["error"]) == (403, ORIGIN)
