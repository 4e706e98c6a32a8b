"""hotreload.py and its library, against a server that the test plays."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hotreload_build.authkey import make_key, write_source
from hotreload_build.errors import ModuleError
from hotreload_client import Client, ClientError, DeviceError, Key, KeyFileError, NoAnswerError

from .conftest import TOOLS
from .server import DEVICE, SECRET, Server

ELF = b"\x7fELF module"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose firmware was built: module, key and manifest."""
    folder = tmp_path / "build" / "hotreload"
    folder.mkdir(parents=True)
    (folder / "auth_key").write_text(SECRET.hex() + "\n")
    (tmp_path / "build" / "module.so").write_bytes(ELF)
    manifest = {
        "output": str(tmp_path / "build" / "module.so"),
        "auth_key": str(folder / "auth_key"),
    }
    (folder / "module_manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(TOOLS / "hotreload.py"), *arguments]
    inherited = {key: value for key, value in os.environ.items() if key != "HOTRELOAD_URL"}
    return subprocess.run(
        command,
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def said(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error."""
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("hotreload: error: ")
    return line.removeprefix("hotreload: error: ")


def signature(endpoint: str, nonce: str, body: bytes) -> str:
    """What hr_auth.h of the component asks for, written down a second time."""
    digest = hashlib.sha256(body).hexdigest()
    text = f"hotreload-2\n{endpoint}\n{DEVICE}\n{nonce}\n{digest}\n"
    mac = hmac.new(SECRET, text.encode(), "sha256").hexdigest()
    return f"HMAC-SHA256 version=2,nonce={nonce},sha256={digest},mac={mac}"


@pytest.mark.parametrize(
    ("command", "body"),
    [
        *(("upload", ELF), ("upload-and-reload", ELF), ("reload", b"")),
        *(("confirm", b""), ("rollback", b""), ("retry", b"")),
    ],
    ids=["write", "both", "load", "keep", "back", "again"],
)
def test_changes_are_signed(project: Path, server: Server, command: str, body: bytes) -> None:
    result = run(project, "--url", server.url, command)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {"status": "ok"}
    nonce = f"{1:048x}"
    assert server.got[:2] == [
        ("GET", "/nonce", "", b""),
        ("POST", f"/{command}", signature(f"/{command}", nonce, body), body),
    ]
    # after a load it is asked what runs
    assert server.got[2:] == [("GET", "/status", "", b"")] * ("reload" in command)


def test_an_older_module_than_the_newest_is_told(project: Path, server: Server) -> None:
    newest = {"slot": 1, "state": "yielded", "starts": 3, "hash": "b" * 64, "running": False}
    runs = {"slot": 0, "state": "confirmed", "starts": 1, "hash": "a" * 64, "running": True}
    status = {"loaded": True, "module": 1, "hash": "a" * 64, "slots": [newest, runs]}
    server.answers["/status"] = (200, status)
    result = run(project, "--url", server.url, "reload")
    assert result.returncode == 0
    assert json.loads(result.stdout) == {"status": "ok"}
    assert result.stderr == (
        "hotreload: warning: module 1 since boot, aaaaaaaa, runs, not the newest module in flash "
        "(bbbbbbbb): it was started 3 times and never confirmed; `hotreload.py retry` gives it "
        "another chance\n"
    )
    server.answers["/reload"] = (202, {"status": "pending"})
    assert run(project, "--url", server.url, "reload").stderr == ""


def test_options_stand_on_either_side_of_the_command(project: Path, server: Server) -> None:
    (project / "other.so").write_bytes(ELF + b"2")
    for options in (["--url", "x", "upload", "--url", server.url], ["upload", "--url", server.url]):
        result = run(project, *options, "other.so")
        assert (result.returncode, result.stderr) == (0, "")
        assert server.got[-1][3] == ELF + b"2"


@pytest.mark.parametrize("command", ["status", "pending"])
def test_questions_are_not_signed(project: Path, server: Server, command: str) -> None:
    assert run(project, command, HOTRELOAD_URL=server.url).returncode == 0
    assert server.got == [("GET", f"/{command}", "", b"")]


def test_a_firmware_without_a_key(tmp_path: Path, server: Server) -> None:
    (tmp_path / "m.so").write_bytes(ELF)
    assert run(tmp_path, "--url", server.url, "upload", "m.so").returncode == 0
    assert server.got == [("POST", "/upload", "", ELF)]


def test_a_device_that_wants_no_signature(project: Path, server: Server) -> None:
    server.answers["/nonce"] = (404, {})
    assert run(project, "--url", server.url, "upload").returncode == 0
    assert server.got[1] == ("POST", "/upload", "", ELF)


def test_manifest_key_and_module_by_name(project: Path, server: Server, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    manifest = str(project / "build" / "hotreload" / "module_manifest.json")
    assert run(elsewhere, "--url", server.url, "--manifest", manifest, "upload").returncode == 0
    key = str(project / "build" / "hotreload" / "auth_key")
    (elsewhere / "other.so").write_bytes(b"other")
    command = ("--url", server.url, "--key-file", key, "upload", "other.so")
    assert run(elsewhere, *command).returncode == 0
    posts = [(header != "", body) for method, _, header, body in server.got if method == "POST"]
    assert posts == [(True, ELF), (True, b"other")]


def test_a_refusal_is_one_line(project: Path, server: Server) -> None:
    answer = {"error": "HOTRELOAD_ERR_MACHINE", "code": "0x48009", "message": "e_machine is 62"}
    server.answers["/upload"] = (422, answer)
    result = run(project, "--url", server.url, "upload")
    assert result.returncode == 1
    assert said(result) == "HTTP 422: HOTRELOAD_ERR_MACHINE: e_machine is 62"


def test_a_device_that_wants_a_signature_that_is_not_there(tmp_path: Path, server: Server) -> None:
    answer = {"error": "HOTRELOAD_ERR_AUTH_HEADER", "message": "it has to be signed"}
    server.answers["/reload"] = (401, answer)
    result = run(tmp_path, "--url", server.url, "reload")
    assert result.returncode == 1
    assert said(result).endswith("name the manifest of its firmware's build with --manifest")


def test_a_device_that_wants_another_key(project: Path, server: Server) -> None:
    """Nothing is sent that would only be refused: it is said which key is wanted."""
    server.signs["key"] = "0123456789abcdef"
    result = run(project, "--url", server.url, "upload")
    assert result.returncode == 2
    assert said(result) == (
        "the device wants key 0123456789abcdef, this is 630dcd2966c43366: give the auth_key of the "
        "build that was flashed, or flash this one"
    )
    assert [method for method, *_ in server.got] == ["GET"]


@pytest.mark.parametrize(("version", "older"), [(None, "firmware"), (3, "client")])
def test_a_device_that_signs_otherwise(
    project: Path, server: Server, version: int | None, older: str
) -> None:
    """The first version of the protocol did not tell its number."""
    server.signs = {} if version is None else {**server.signs, "version": version}
    result = run(project, "--url", server.url, "upload")
    assert result.returncode == 2
    assert said(result).startswith(
        f"the device takes requests signed in version {version or 1}, this client signs in version "
        f"2: update the {older}, or "
    )
    assert [method for method, *_ in server.got] == ["GET"]


def test_another_server(project: Path, server: Server) -> None:
    server.answers["/status"] = (200, {})
    result = run(project, "--url", server.url, "status")
    assert (result.returncode, said(result)) == (1, "HTTP 200: the answer is not the component's")


def test_nobody_answers(project: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        result = run(project, "--url", address, "status")
    assert result.returncode == 3
    assert said(result).startswith(f"no answer from {address} to GET /status: ")
    assert said(result).endswith("(is the device on, and is this its address?)")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("status",), "which device? use --url http://HOST:PORT, or set HOTRELOAD_URL"),
        (("--url", "ftp://x", "status"), "ftp://x is not the address of a device"),
        (("--url", "x:99999999", "status"), "x:99999999 is not the address of a device"),
        (("--url", "http://[::1", "status"), "http://[::1 is not the address of a device"),
        (("--url", "http://a..b", "status"), "http://a..b is not the address of a device"),
        (("--url", "my board", "status"), "my board is not the address of a device"),
        (("--url", "x", "--timeout", "-3", "status"), "a timeout of -3 s: give more than 0 and"),
        (("--url", "x", "--timeout", "nan", "status"), "a timeout of nan s: give more than 0 and"),
        (("--url", "x", "--timeout", "1e99", "status"), "a timeout of 1e+99 s: give more than 0"),
        (("--url", "x", "upload"), "no module: there is no build/hotreload/module_manifest.json"),
        (("--url", "x", "upload", "no.so"), "cannot read the module no.so: No such file"),
        (("--url", "x", "--manifest", "no", "status"), "cannot read the manifest no: No such file"),
        (("--url", "x", "--manifest", "text", "status"), "text is not a manifest"),
        (("--url", "x", "--key-file", "no", "reload"), "cannot read the key file no: No such file"),
        (("--url", "x", "--key-file", "text", "reload"), "text is not a key"),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else value.split(":")[0].replace(" ", "-"),
)  # fmt: skip
def test_wrong_calls_are_one_line(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    (tmp_path / "text").write_text("Grüße, no key")
    result = run(tmp_path, *arguments)
    assert result.returncode == 2
    assert said(result).startswith(text)


def test_help_names_commands_and_exit_status(tmp_path: Path) -> None:
    result = run(tmp_path, "--help")
    assert result.returncode == 0
    for word in ("status", "pending", "confirm", "rollback", "retry", "--manifest", "exit status"):
        assert word in result.stdout


# the library


def test_errors_of_the_library_are_one_family(server: Server) -> None:
    server.answers["/status"] = (500, {"error": "ESP_FAIL", "message": "broken"})
    with pytest.raises(DeviceError) as refused:
        Client(server.url).status()
    assert (refused.value.status, refused.value.name) == (500, "ESP_FAIL")
    assert issubclass(NoAnswerError, ClientError)
    assert issubclass(KeyFileError, ClientError)


def test_a_server_that_closes_before_it_has_the_body() -> None:
    """It has refused the request by its headers; its answer counts."""
    refusal = b'{"error":"HOTRELOAD_ERR_TOO_LARGE","message":"too large"}'
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(64)
                head = f"HTTP/1.1 413 Too Large\r\nContent-Length: {len(refusal)}\r\n\r\n"
                connection.sendall(head.encode() + refusal)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(DeviceError, match="HOTRELOAD_ERR_TOO_LARGE"):
            Client(f"http://127.0.0.1:{listener.getsockname()[1]}").upload(bytes(1_000_000))
        thread.join()


# the key


def test_a_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    key, source = tmp_path / "new" / "auth_key", tmp_path / "new" / "auth_key.c"
    make_key(key)
    secret = key.read_text()
    make_key(key)
    write_source(source, key)
    assert key.read_text() == secret
    assert len(bytes.fromhex(secret)) == 32
    assert [path.stat().st_mode & 0o777 for path in (key, source)] == [0o600, 0o600]
    values = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(secret))
    assert f"hotreload_auth_key[32] = {{{values}}};" in source.read_text()
    assert secret.strip() not in repr(Key.load(key))


def test_two_builds_have_different_keys(tmp_path: Path) -> None:
    make_key(tmp_path / "a")
    make_key(tmp_path / "b")
    assert (tmp_path / "a").read_text() != (tmp_path / "b").read_text()


@pytest.mark.parametrize("content", ["", "00" * 31, "00" * 33, "xy" * 32])
def test_a_broken_key_is_named_and_kept(tmp_path: Path, content: str) -> None:
    key = tmp_path / "auth_key"
    key.write_text(content)
    with pytest.raises(ModuleError, match=r"auth_key is not a key: .*; remove it"):
        make_key(key)
    with pytest.raises(KeyFileError, match="auth_key is not a key"):
        Key.load(key)
    assert key.read_text() == content


def test_a_device_that_is_full_is_asked_again(server: Server) -> None:
    """After the time that it has named, with another nonce."""
    answer = {"error": "HOTRELOAD_ERR_CONNECTIONS", "message": "3 clients"}
    server.answers["/upload"] = (503, answer)
    server.headers["/upload"] = {"Retry-After": "0"}

    def make_room(path: str, body: bytes) -> None:
        if server.nonces == 3:
            server.answers["/upload"] = (200, {"status": "ok"})

    server.when_asked = make_room

    assert Client(server.url, Key(SECRET)).upload(ELF) == {"status": "ok"}

    signed = [header for method, _, header, _ in server.got if method == "POST"]
    assert len(set(signed)) == 3


def test_a_device_that_stays_full_is_given_up(server: Server) -> None:
    server.answers["/upload"] = (503, {"error": "HOTRELOAD_ERR_CONNECTIONS", "message": "no"})
    server.headers["/upload"] = {"Retry-After": "2"}
    with pytest.raises(DeviceError, match="HTTP 503: HOTRELOAD_ERR_CONNECTIONS"):
        Client(server.url, timeout=1).upload(ELF)


def test_bytes_that_are_sent_are_counted(server: Server) -> None:
    counts: list[int] = []

    Client(server.url).upload_and_reload(bytes(20000), counts.append)

    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] == 20000
    assert len(server.got[-1][3]) == 20000
