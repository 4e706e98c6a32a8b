"""Tests of hot reload on devices: pytest fixtures, device access, oracle, reports."""

import sys

from pytest_embedded_hotreload.paths import COMPONENT

# what users of the component have, too: hotreload_build, hotreload_client, hotreload_decode
if str(COMPONENT / "tools") not in sys.path:
    sys.path.append(str(COMPONENT / "tools"))
