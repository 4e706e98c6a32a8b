"""With `--gdb` a debugger knows the firmware, and the module that is loaded."""

import re
import shlex
import subprocess

import pytest

from pytest_embedded_hotreload.firmware import FirmwareBuilder
from tests.conftest import NestedPytest, nested
from tests.example_module import BASIC, example_module

__all__ = ["nested"]

SOURCE = example_module("""\
#include <string.h>
__attribute__((noinline)) size_t inner(char *text) { return strlen(strcpy(text, "NAME")); }
size_t reloadable_greeting(char *text, size_t size) { return inner(text) + 1; }
""")

#: two modules of the same size, of which one is loaded after the other
RELOADS = f"""
pytestmark = pytest.mark.firmware({str(BASIC)!r})

SOURCE = {SOURCE!r}

def test_it(device, build_module):
    for name in ("one", "two"):
        module = build_module(SOURCE.replace("NAME", name), name=name)
        device.client.upload_and_reload(module)
        device.console.wait_line(f'greeting is now "{{name}}"')
"""

#: stops in the first module that the test loads, and in the second one
COMMANDS = """
info registers pc
tbreak hr_event_switched if module == 2
continue
tbreak inner
continue
backtrace 3
tbreak hr_event_switched
continue
tbreak inner
continue
backtrace 3
print text
"""


WAITS = f"""
pytestmark = pytest.mark.firmware({str(BASIC)!r})

def test_it(device):
    assert device.client.status()["loaded"]
"""


@pytest.fixture(autouse=True)
def firmware_is_there(firmware_builder: FirmwareBuilder) -> None:
    firmware_builder.build(BASIC)


@pytest.mark.nightly  # builds gdb when it is not in the cache
def test_breakpoints_and_stacks_follow_the_module(nested: NestedPytest) -> None:
    commands = nested.folder / "commands.gdb"
    commands.write_text(COMMANDS)

    printed = nested.run(RELOADS, "--gdb", f"--gdb-commands={commands}", "--gdb-port=0").stdout

    assert printed.splitlines()[-1].startswith("1 passed"), printed
    assert re.search(r"^pc +0x50000000", printed, re.MULTILINE)  # nothing has run yet
    for module in ("one", "two"):
        assert re.search(
            rf"^#0 +inner \(text=0x[0-9a-f]+ .*\) at /.*/{module}_0\.c:3\n"
            rf"#1 +0x[0-9a-f]+ in reloadable_greeting \(.*\) at /.*/{module}_0\.c:4\n"
            r"#2 +0x[0-9a-f]+ in greeter \(.*\) at .*/examples/basic/main/main\.c:\d+$",
            printed,
            re.MULTILINE,
        ), printed
        assert re.search(rf'^3\t.*strcpy\(text, "{module}"\)', printed, re.MULTILINE), printed


@pytest.mark.nightly
def test_gdb_that_somebody_else_runs(nested: NestedPytest) -> None:
    with subprocess.Popen(
        nested.command(WAITS, "--gdb", "--gdb-port=0"),
        cwd=nested.folder,
        env=nested.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        command = next(line for line in run.stdout if "waits for a debugger: " in line)
        gdb = [*shlex.split(command.partition(": ")[2]), "-batch", "-ex", "hotreload-leave"]
        subprocess.run(gdb, check=True)
        rest = run.stdout.read()

    assert rest.splitlines()[-1].startswith("1 passed"), rest


def test_gdb_is_run_where_the_test_is(nested: NestedPytest) -> None:
    done = nested.run(RELOADS, "--gdb", "-n1")

    assert done.stdout.strip().splitlines()[-1].endswith("leave out -n")
