"""Requests to the component's endpoints, and what is answered; see http.h."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from host import Host, Run

JSON = ("Content-Type", "application/json")
OWN, GUEST = "own", "guest"  # whose server it is


def serve(server: str = GUEST, room: int = 16, max_elf_size: int = 0) -> str:
    """The step that opens the endpoints."""
    return f"serve={server},{room},{max_elf_size}"


def request(
    host: Host,
    line: str,
    *headers: str,
    body: bytes = b"",
    length: int | str | None = None,
) -> str:
    """A step. Its length is told when there is a body, unless another one is given."""
    told = len(body) if length is None else length
    fields = [*headers, f"Content-Length: {told}"] if body or length is not None else headers
    head = "".join(f"{text}\r\n" for text in (f"{line} HTTP/1.1", "Host: device", *fields))
    return f"request={host.file(head.encode() + bytes((13, 10)) + body)}"


class Fields(dict[str, Any]):
    """Of an answer: one that is asked for has to be there."""

    def __missing__(self, name: str) -> Any:
        raise AssertionError(f"the answer has no {name}: {dict(self)}")


@dataclass(frozen=True)
class Answer:
    status: str
    headers: list[tuple[str, str]]
    text: str
    length: int  # that is told
    goes_on: bool  # the server keeps the connection
    is_dismissed: bool  # the own server ends the connection and does not wait
    before: list[str] = field(default_factory=list)  # what was sent in front of it

    @property
    def body(self) -> Fields:
        try:
            return Fields(json.loads(self.text))
        except ValueError as error:
            raise AssertionError(f"the answer is no JSON, {error}: {self.text}") from None

    @property
    def error(self) -> str:
        """Status and name."""
        return f"{self.status[:3]} {self.body['error']}"

    @property
    def message(self) -> str:
        return str(self.body["message"])

    @property
    def is_ok(self) -> bool:
        return self.status == "200 OK" and self.body["status"] == "ok"


def answers(run: Run, count: int | None = None) -> list[Answer]:
    """Of all requests, in order; so many are expected."""
    parts = re.split(r"^handled: (\w+).*\n", run.output, flags=re.MULTILINE)
    found = [_parse(text, result) for text, result in zip(parts[::2], parts[1::2], strict=False)]
    assert count in (None, len(found)), f"{len(found)} requests were handled:\n{run.output}"
    return found


def answer(run: Run) -> Answer:
    """Of the last request."""
    found = answers(run)
    assert found, f"no request was handled:\n{run.output}"
    return found[-1]


def _parse(text: str, result: str) -> Answer:
    sent = re.findall(r"^sent (HTTP/1.1 .*?)(?=^sent |\Z)", text, re.MULTILINE | re.DOTALL)
    if sent:
        return _parse_sent(text, sent, result)
    status = re.search(r"^answer (.*)$", text, re.MULTILINE)
    body = re.search(r"^body (.*)$", text, re.MULTILINE)
    length = re.search(r"^length (.*)$", text, re.MULTILINE)
    assert status and body and length, text
    headers = [(name, value) for name, value in re.findall(r"^header (.*): (.*)$", text, re.M)]
    dismissed = re.search(r"^dismissed$", text, re.MULTILINE) is not None
    return Answer(status[1], headers, body[1], int(length[1]), result == "ESP_OK", dismissed)


def _parse_sent(text: str, sent: list[str], result: str) -> Answer:
    """In the task of a connection: all in one piece, and then the body."""
    before = [part.partition("\n")[0] for part in sent[:-1]]
    lines = sent[-1].strip().splitlines()
    body = re.findall(r"^sent (.*)$", text, re.MULTILINE)[-1]
    headers = [(name, value) for name, value in (line.split(": ", 1) for line in lines[1:] if line)]
    length = int(dict(headers)["Content-Length"])
    status = lines[0].removeprefix("HTTP/1.1 ")
    return Answer(status, headers, body, length, result == "ESP_OK", False, before)
