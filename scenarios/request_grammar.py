"""A grammar of HTTP requests, and the statuses that each of them deserves.

A request is valid in one of the many ways in which RFC 9112 lets the same be written. Up to two
things may be wrong with it, each of which has its status in the table of the component's README;
where two are wrong, either may be told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from hypothesis import strategies as st

MAXIMUM = 128 * 1024

COMMANDS = ("/reload", "/confirm", "/rollback", "/retry")
UPLOADS = ("/upload", "/upload-and-reload")
QUESTIONS = ("/status", "/pending")

#: what a damaged request may get; None: no answer, when its client leaves before its headers end
ANY: frozenset[int | None] = frozenset(
    {None, 200, 400, 403, 404, 405, 408, 409, 411, 413, 414, 422, 431, 500, 501, 503, 505}
)
#: whether there is another module in flash, or one that was given up, depends on what was before
BY_FLASH = frozenset({200, 404, 409})
#: an upload may have been written over the module that runs (hotreload_confirm())
CONFIRMED = frozenset({200, 409, 500})

BOUNDARY = "----boundary"


@dataclass(frozen=True)
class Request:
    """One request, in the pieces in which it is sent."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    version: str = "HTTP/1.1"
    deserves: frozenset[int | None] = frozenset()
    #: its client waits for the answer to `Expect` before it sends the body
    waits: bool = False
    #: where it is cut in pieces, as shares of its length
    cuts: tuple[float, ...] = field(default=(), repr=False)

    @property
    def is_upload(self) -> bool:
        return self.target.partition("?")[0] in UPLOADS

    @property
    def head(self) -> bytes:
        lines = [f"{self.method} {self.target} {self.version}"]
        lines += [f"{name}:{value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode()

    def pieces(self, data: bytes) -> list[bytes]:
        """A part of the request as it is sent."""
        places = [0, *sorted(int(len(data) * cut) for cut in self.cuts), len(data)]
        return [data[start:end] for start, end in pairwise(places) if start < end]

    def without(self, *names: str) -> tuple[tuple[str, str], ...]:
        return tuple(entry for entry in self.headers if entry[0].lower() not in names)

    def having(self, **headers: str) -> tuple[tuple[str, str], ...]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return (*self.without(*(name.lower() for name in names)), *names.items())


# what is valid


def any_case(text: str) -> st.SearchStrategy[str]:
    """Names of headers and of what is expected may be written so (RFC 9110)."""
    return st.sampled_from([text, text.lower(), text.upper(), text.swapcase()])


def form(name: str, elf: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + elf + f"\r\n--{BOUNDARY}--\r\n".encode()


@st.composite
def headers(draw: st.DrawFn, known: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """In any order and case, with any white space around the values, and others beside them."""
    others = {"Accept": "*/*", "X-Empty": "", "User-Agent": "a grammar", "Cookie": "a=1; b=2"}
    beside = draw(st.lists(st.sampled_from(list(others)), max_size=3, unique=True))
    entries = draw(st.permutations([*known.items(), *((name, others[name]) for name in beside)]))
    spaces = st.sampled_from(["", " ", "   "])
    return tuple(
        (draw(any_case(name)), draw(spaces) + value + draw(spaces)) for name, value in entries
    )


@st.composite
def valid(draw: st.DrawFn, elf: bytes) -> Request:
    """`elf` is a module that the device takes."""
    path = draw(st.sampled_from([*COMMANDS, *UPLOADS, *UPLOADS, *QUESTIONS]))
    target = path + draw(st.sampled_from(["", "", "?", "?a=1&b=/status", "?/../x"]))
    known = {"Host": "device"}
    if draw(st.booleans()):
        known["Connection"] = draw(st.sampled_from(["close", "keep-alive"]))
    cuts = tuple(draw(st.lists(st.floats(0, 1), max_size=6)))
    if path in QUESTIONS:
        request = Request("GET", target, deserves=frozenset({200}))
    elif path in COMMANDS:
        known |= draw(st.sampled_from([{}, {"Content-Length": "0"}]))
        deserves = {"/reload": frozenset({200}), "/confirm": CONFIRMED}.get(path, BY_FLASH)
        request = Request("POST", target, deserves=deserves)
    else:
        garbage = st.binary(min_size=60, max_size=2000).filter(lambda data: data[:1] != b"\x7f")
        content, status = draw(
            st.one_of(
                st.just((elf, 200)),
                st.tuples(garbage, st.just(422)),
                st.tuples(st.just(b""), st.just(400)),
            )
        )
        if draw(st.booleans()):
            known["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
            content = form("module.so", content)
        elif draw(st.booleans()):
            known["Content-Type"] = "application/octet-stream"
        known["Content-Length"] = str(len(content))
        request = Request("POST", target, body=content, deserves=frozenset({status}))
        if content and draw(st.booleans()):
            known["Expect"] = draw(any_case("100-continue"))
            request = replace(request, waits=draw(st.booleans()))
    return replace(request, headers=draw(headers(known)), cuts=cuts)


# what is wrong

Wrong = Callable[[Request], st.SearchStrategy[Request]]


def other_method(request: Request) -> st.SearchStrategy[Request]:
    methods = ["PUT", "DELETE", "HEAD", "PATCH", "POST" if request.method == "GET" else "GET"]
    return st.sampled_from(methods).map(
        lambda method: replace(request, method=method, deserves=frozenset({405}))
    )


def unknown_method(request: Request) -> st.SearchStrategy[Request]:
    return st.sampled_from(["FETCH", "GE", "123", "get"]).map(
        lambda method: replace(request, method=method, deserves=frozenset({400, 501}))
    )


def unknown_path(request: Request) -> st.SearchStrategy[Request]:
    path, _, query = request.target.partition("?")
    return st.sampled_from(["/", "x", "/../status", "%00"]).map(
        lambda more: replace(request, target=f"{path}{more}?{query}", deserves=frozenset({404}))
    )


def long_path(request: Request) -> st.SearchStrategy[Request]:
    return st.integers(520, 4000).map(
        lambda size: replace(
            request, target=f"{request.target}?{size * 'q'}", deserves=frozenset({414})
        )
    )


def other_version(request: Request) -> st.SearchStrategy[Request]:
    return st.sampled_from(["HTTP/2.0", "HTTP/0.9", "HTTP/1.7"]).map(
        lambda version: replace(request, version=version, deserves=frozenset({505}))
    )


def no_version(request: Request) -> st.SearchStrategy[Request]:
    return st.sampled_from(["HTTQ/1.1", "HTTP/x.1", "1.1"]).map(
        lambda version: replace(request, version=version, deserves=frozenset({400}))
    )


def long_headers(request: Request) -> st.SearchStrategy[Request]:
    return st.integers(520, 9000).map(
        lambda size: replace(
            request, headers=request.having(X=size * "x"), deserves=frozenset({431})
        )
    )


def upgrade(request: Request) -> st.SearchStrategy[Request]:
    return st.sampled_from(["h2c", "websocket"]).map(
        lambda to: replace(
            request,
            headers=request.having(Connection="Upgrade", Upgrade=to),
            deserves=frozenset({400}),
        )
    )


def chunks(request: Request) -> st.SearchStrategy[Request]:
    bodies = [b"", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"xyz\r\n"]
    return st.sampled_from(bodies).map(
        lambda body: replace(
            request,
            headers=(*request.without("content-length"), ("Transfer-Encoding", "chunked")),
            body=body,
            deserves=frozenset({411 if request.is_upload else 400}),
        )
    )


def no_number(request: Request) -> st.SearchStrategy[Request]:
    return st.sampled_from(["-1", "1x", "0x10", "1, 2", "1 2", str(2**64)]).map(
        lambda length: replace(
            request,
            headers=request.having(Content_Length=length),
            deserves=frozenset({400}),
        )
    )


def huge_length(request: Request) -> st.SearchStrategy[Request]:
    return st.sampled_from([MAXIMUM + 5000, 2**31, 2**32 - 1, 2**32, 2**40]).map(
        lambda length: replace(
            request,
            headers=request.having(Content_Length=str(length)),
            deserves=frozenset({413 if request.is_upload else 400}),
        )
    )


def cut_body(request: Request) -> st.SearchStrategy[Request]:
    """The client leaves before the end; what has come may say enough to refuse it."""
    status = {400} | (set(request.deserves) - {200} if request.is_upload else set())
    return st.integers(1, 5000).map(
        lambda more: replace(
            request,
            headers=request.having(Content_Length=str(len(request.body) + more)),
            deserves=frozenset(status),
        )
    )


def no_length(request: Request) -> st.SearchStrategy[Request]:
    if not request.is_upload:
        return st.just(request)
    return st.just(
        replace(
            request,
            headers=request.without("content-length"),
            body=b"",
            deserves=frozenset({411}),
        )
    )


def other_site(request: Request) -> st.SearchStrategy[Request]:
    """What changes nothing is for everybody."""
    deserves = frozenset({403}) if request.method == "POST" else request.deserves
    return st.sampled_from(
        [("Origin", "http://other.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")]
    ).map(lambda header: replace(request, headers=(*request.headers, header), deserves=deserves))


WRONG: Sequence[Wrong] = (
    other_method,
    unknown_method,
    unknown_path,
    long_path,
    other_version,
    no_version,
    long_headers,
    upgrade,
    chunks,
    no_number,
    huge_length,
    cut_body,
    no_length,
    other_site,
)


@st.composite
def nearly_valid(draw: st.DrawFn, elf: bytes) -> Request:
    """With one or two things wrong."""
    request = draw(valid(elf))
    deserves: frozenset[int | None] = frozenset()
    for wrong in draw(st.lists(st.sampled_from(WRONG), min_size=1, max_size=2, unique=True)):
        request = draw(wrong(request))
        deserves |= request.deserves
    return replace(request, deserves=deserves, waits=False)


@st.composite
def hostile(draw: st.DrawFn, elf: bytes) -> bytes:
    """Bytes changed, left out, repeated or cut off anywhere, and anything at all behind it."""
    request = draw(st.one_of(valid(elf), nearly_valid(elf)))
    data = bytearray(request.head + request.body[:2000])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = at + draw(st.integers(0, 8))
        new = draw(st.one_of(st.binary(max_size=8), st.just(b"\r\n"), st.just(bytes(data[at:end]))))
        data[at:end] = new
    # QEMU's network forgets that a client has left that has sent nothing at all
    kept = draw(st.integers(1, max(len(data), 1))) if draw(st.booleans()) else len(data)
    return bytes(data[:kept]) or b"\r"
