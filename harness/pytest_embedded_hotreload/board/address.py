"""The device's address, as ESP-IDF tells it on the console.

One of these lines is there on every release from v5.0 on, whichever way the firmware connects:
the handlers of esp_netif print the first, example_connect() the others.
"""

import re
from collections.abc import Iterable

_ADDRESS = r"(\d{1,3}(?:\.\d{1,3}){3})"
_LINES = re.compile(
    rf" ip: {_ADDRESS}, mask: "
    rf"|Got IPv4 event: Interface \".*\" address: {_ADDRESS}"
    rf"|- IPv4 address: {_ADDRESS}"
)


def find_address(lines: Iterable[str]) -> str | None:
    """The newest address in the log."""
    found = None
    for line in lines:
        match = _LINES.search(line)
        if match:
            found = next(group for group in match.groups() if group)
    return found
