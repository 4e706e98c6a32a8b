"""Talk to the server of the hotreload component: upload, reload, status, signed where needed.

The program `hotreload.py` is this as a command line; build systems and test harnesses import it::

    client = Client("http://192.168.1.100:8080", Key.load(Path("build/hotreload/auth_key")))
    client.upload_and_reload(Path("build/reloadable_stripped.so").read_bytes())

Needs Python 3.8 and nothing else.
"""

from .client import Client
from .errors import (
    ClientError,
    DeviceError,
    KeyFileError,
    NoAnswerError,
    OtherKeyError,
    OtherVersionError,
)
from .signing import Challenge, Key

__all__ = [
    "Challenge",
    "Client",
    "ClientError",
    "DeviceError",
    "Key",
    "KeyFileError",
    "NoAnswerError",
    "OtherKeyError",
    "OtherVersionError",
]
