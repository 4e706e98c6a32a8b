"""multipart/form-data bodies: the runner feeds each whole, byte by byte, and cut in two at every
position, and all of these have to agree."""

from __future__ import annotations

import pytest

from host import Host

TYPE = "multipart/form-data; boundary=XyZ"


def part(*headers: str, content: bytes, boundary: str = "XyZ") -> bytes:
    head = "".join(f"{header}\r\n" for header in headers)
    return f"--{boundary}\r\n{head}\r\n".encode() + content + b"\r\n"


def file_part(content: bytes, boundary: str = "XyZ") -> bytes:
    """As curl sends it."""
    return part(
        'Content-Disposition: form-data; name="file"; filename="reloadable_stripped.so"',
        "Content-Type: application/octet-stream",
        content=content,
        boundary=boundary,
    )


def field(name: str, value: bytes) -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', content=value)


#: as a browser sends a file field in which no file was chosen
NOT_CHOSEN = part(
    'Content-Disposition: form-data; name="second"; filename=""',
    "Content-Type: application/octet-stream",
    content=b"",
)

END = b"--XyZ--\r\n"


def parse(host: Host, body: bytes, content_type: str = TYPE) -> tuple[str, bytes, str]:
    run = host.run(f"multipart={content_type},{host.file(body)}")
    (content,) = run.lines("content")
    return run.result("multipart"), bytes.fromhex(content[8:]), run.message("multipart")


CONTENTS = {
    "text": b"module",
    "empty": b"",
    "newlines": b"\r\n\r\n",
    "carriage returns": b"\r\r\r\n\r",
    "nearly a boundary": b"a\r\n--XyY\r\n--Xy\r\r\n--XyZ"[:-1],
    "boundary without line end": b"a--XyZ--",
    "every byte": bytes(range(256)),
    "ends with CR": b"abc\r",
    "ends with CR LF": b"abc\r\n",
    "ends like a boundary": b"abc\r\n--Xy",
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_arrives_unchanged(host: Host, name: str) -> None:
    content = CONTENTS[name]
    result, found, _ = parse(host, file_part(content) + END)
    assert (result, found) == ("ESP_OK", content)


@pytest.mark.parametrize(
    "body",
    [
        b"preamble\r\n" + file_part(b"module") + END,
        b"--XyZ is not at the end of its line\r\n"[2:] + file_part(b"module") + END,
        file_part(b"module") + END + b"epilogue --XyZ",
        file_part(b"module") + END[:-2],
        field("comment", b"x") + file_part(b"module") + field("more", b"y") + END,
        field("comment", b'name="file"') + file_part(b"module") + END,
        field('filename=\\"x', b"x") + file_part(b"module") + END,
        part("content-disposition: FORM-DATA; NAME=x; FileName=a", content=b"module") + END,
        part('Content-Disposition: form-data; name="x"; filename*=a', content=b"module") + END,
        part("Content-Disposition: form-data; name=file", content=b"module") + END,
        part("X: " + 600 * "x", 'Content-Disposition: f; name="file"', content=b"module") + END,
        file_part(b"module").replace(b"--XyZ\r\n", b"--XyZ \t\r\n") + END,
        file_part(b"module").replace(b"stripped.so", b'\\".so') + END,
        file_part(b"module") + NOT_CHOSEN + END,
        NOT_CHOSEN + file_part(b"module") + NOT_CHOSEN + END,
        part('Content-Disposition: form-data; name="\\f\\i\\l\\e"', content=b"module") + END,
    ],
    ids=[
        "preamble",
        "delimiter inside a line",
        "epilogue",
        "no line end after the last delimiter",
        "between other fields",
        "field whose content looks like a header",
        "field whose name looks like a file name",
        "other case",
        "extended file name",
        "unquoted name",
        "long header",
        "padding after the delimiter",
        "quote in the file name",
        "second file field that is empty",
        "empty file fields around it",
        "name with backslashes",
    ],
)
def test_file_is_found_among_other_things(host: Host, body: bytes) -> None:
    result, content, _ = parse(host, body)
    assert (result, content) == ("ESP_OK", b"module")


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/form-data; boundary="a b?c"', "a b?c"),
        ("Multipart/Form-Data; charset=utf-8; Boundary=abc", "abc"),
        ("multipart/form-data;boundary=abc; charset=utf-8", "abc"),
        (f"multipart/form-data; boundary={70 * 'b'}", 70 * "b"),
        ("multipart/form-data; boundary=--", "--"),
        ('multipart/form-data; boundary="a\\"b\\\\c"', 'a"b\\c'),
        ('multipart/form-data; boundary="' + 70 * "\\b" + '"', 70 * "b"),
    ],
)
def test_boundary(host: Host, content_type: str, boundary: str) -> None:
    body = file_part(b"mod\r\nule", boundary) + f"--{boundary}--\r\n".encode()
    result, content, _ = parse(host, body, content_type)
    assert (result, content) == ("ESP_OK", b"mod\r\nule")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "last boundary"),
        (file_part(b"module"), "last boundary"),
        (file_part(b"module") + b"--XyZ", "last boundary"),
        (file_part(b"module") + b"--XyZ-", "last boundary"),
        (file_part(b"module")[:40], "last boundary"),
        (END, "no part with a file"),
        (field("comment", b"x") + END, "no part with a file"),
        (part("Content-Type: text/plain", content=b"x") + END, "no part with a file"),
        (file_part(b"a\r\n--XyZoom\r\n") + END, "followed by"),
        (file_part(b"module") + file_part(b"second") + END, "more than one file"),
        (part("Content-Type: multipart/mixed; boundary=x", content=b"y") + END, "parts of its own"),
        (file_part(b"m").replace(b"form-data", b"form-data" + 250 * b" ") + END, "more than 25"),
        (file_part(b"m").replace(b"form-data", b"form\0data") + END, "zero byte"),
        (file_part(b"m").replace(b"octet", 60 * b"octet"), "last boundary"),
        (b"--XyZ\r\nContent-Disposition: form-data\r\n" + END, "last boundary"),
    ],
    ids=[
        "empty",
        "no last delimiter",
        "last delimiter without its dashes",
        "last delimiter with one dash",
        "inside a part's header",
        "no part",
        "only a field",
        "part without a disposition",
        "delimiter with a tail",
        "two files",
        "form in a form",
        "long disposition",
        "zero byte in a header",
        "huge header",
        "headers without an end",
    ],
)
def test_broken_body(host: Host, body: bytes, message: str) -> None:
    result, _, said = parse(host, body)
    assert result == "HOTRELOAD_ERR_MULTIPART"
    assert message in said


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={71 * 'b'}",
        'multipart/form-data; x="; boundary=abc"',
    ],
)
def test_content_type_without_usable_boundary(host: Host, content_type: str) -> None:
    result, _, said = parse(host, file_part(b"module", "abc"), content_type)
    assert result == "HOTRELOAD_ERR_MULTIPART"
    assert "boundary" in said
