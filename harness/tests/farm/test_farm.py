"""Boards of a farm: who gets them and when, and how little it takes that a run goes on."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.board.conftest import Bridge, chip, environment, make_bridge
from tests.board.port_server import serve_port
from tests.conftest import NestedPytest, nested
from tests.farm.conftest import Farm, wait_for

__all__ = ["chip", "environment", "make_bridge", "nested"]

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(300)]

SHOW = ("bash", "-c", 'cat "$HOTRELOAD_BOARDS"')
#: has its boards until its standard input ends
HOLD = ("bash", "-c", "echo has it; cat")


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """The status of a run, and its lines but those of the set-up."""
    said = process.communicate()[0].splitlines()
    return process.returncode, [line for line in said if not line.startswith("set-up: ")]


def test_command_has_the_boards_of_two_exporters(farm: Farm) -> None:
    farm.export(
        "one",
        {
            "desk": {
                "NetworkSerialPort": {"host": "127.0.0.1", "port": 4001},
                "NetworkPowerPort": {"model": "simplerest", "host": "http://a/{value}", "index": 0},
                "HotReloadBoard": {"stub": "none", "forward": '{8080: "127.0.0.1:5001"}'},
            }
        },
    )
    farm.export("other", {"shelf": {"NetworkSerialPort": {"host": "127.0.0.1", "port": 4002}}})
    farm.add_place("desk", "chip=esp32 psram=yes")
    farm.add_place("shelf", "chip=esp32 site=berlin")

    status, said = ended(farm.run("day", "--count", "2", "chip=esp32", "--", *SHOW))

    assert status == 0
    assert [line for line in said if line.startswith("ci/farm: ")] == said[:2]
    desk, shelf = sorted(yaml.safe_load("\n".join(said[2:]))["boards"], key=lambda b: b["name"])
    power = desk.pop("power")
    assert power.endswith("/labgrid-client -p desk power {state}")
    assert desk == {
        "name": "desk",
        "port": "rfc2217://127.0.0.1:4001",
        "chip": "esp32",
        "tags": ["psram"],
        "stub": "none",
        "forward": {8080: "127.0.0.1:5001"},
    }
    assert shelf == {
        "name": "shelf",
        "port": "rfc2217://127.0.0.1:4002",
        "chip": "esp32",
        "tags": [],
    }
    assert farm.holders() == {}


def test_status_is_that_of_the_command(two_boards: Farm) -> None:
    assert ended(two_boards.run("day", "chip=esp32", "--", "bash", "-c", "exit 7"))[0] == 7
    status, said = ended(two_boards.run("day", "chip=esp32", "--", "no-such-program"))
    assert (status, said[1:]) == (
        1,
        ["ci/farm: no-such-program cannot be run: No such file or directory"],
    )
    assert two_boards.holders() == {}


def test_tags_that_no_place_has(two_boards: Farm) -> None:
    status, said = ended(two_boards.run("day", "chip=esp32", "psram=yes", "--", *SHOW))
    assert (status, said) == (
        1,
        [
            "ci/farm: no place has the tags chip=esp32 psram=yes: there are desk (chip=esp32); "
            "shelf (chip=esp32)"
        ],
    )


def test_coordinator_that_does_not_answer(two_boards: Farm) -> None:
    two_boards.coordinator.kill()
    two_boards.coordinator.wait()
    status, (line,) = ended(two_boards.run("day", "chip=esp32", "--", *SHOW))
    assert status == 1
    assert line.startswith(f"ci/farm: the coordinator {two_boards.address} does not answer: is ")


def test_place_without_its_exporter_and_fewer_boards_than_wanted(two_boards: Farm) -> None:
    two_boards.add_place("lost", "chip=esp32")

    status, said = ended(two_boards.run("day", "--count", "4", "chip=esp32", "--", *SHOW))

    assert status == 0
    assert said[0] == "ci/farm: 4 boards are wanted, and only 3 have chip=esp32"
    assert [line for line in said if "place lost is not used: place lost has no" in line]
    names = [line for line in said if line.startswith("- name: ")]
    assert sorted(names) == ["- name: desk", "- name: shelf"]
    assert two_boards.holders() == {}


def test_place_that_somebody_holds(two_boards: Farm) -> None:
    """Whoever holds it; with more places the run goes on with what is left."""
    holder = two_boards.run("holder", "name=desk", "--", *HOLD)
    wait_for(holder, "has it")
    held = f"desk is held by farm/{two_boards.job('holder')}"

    wanted = ("--wait", "0")
    status, said = ended(two_boards.run("day", *wanted, "name=desk", "--", *SHOW))
    assert (status, said) == (
        1,
        [
            f"ci/farm: not waited for longer than 0 s (--wait): {held}",
            "ci/farm: no board with name=desk is to be had",
        ],
    )
    both = two_boards.run("day", *wanted, "--count", "2", "chip=esp32", "--", *SHOW)
    status, said = ended(both)
    assert status == 0
    assert f"ci/farm: not waited for longer than 0 s (--wait): {held}" in said
    assert [line for line in said if "- name: " in line] == ["- name: shelf"]

    assert ended(holder) == (0, [])
    assert "Reservation" not in two_boards.client("reservations")


def test_people_come_before_the_night(two_boards: Farm, tmp_path: Path) -> None:
    """The night has asked first, and gets the board last."""
    order = tmp_path / "order"
    holder = two_boards.run("holder", "name=desk", "--", *HOLD)
    wait_for(holder, "has it")
    write = ("name=desk", "--", "bash", "-c")
    night = two_boards.run("night", "--priority", "-1", *write, f"echo night >>{order}")
    wait_for(night, "waiting for 1 of 1 boards: desk is held by ")
    person = two_boards.run("person", *write, f"echo person >>{order}")
    wait_for(person, "waiting for 1 of 1 boards: desk is held by ")

    assert ended(holder)[0] == 0

    assert ended(person)[0] == ended(night)[0] == 0
    assert order.read_text().split() == ["person", "night"]


def kill(process: subprocess.Popen[str]) -> None:
    """The whole run, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_what_a_killed_run_has_left(two_boards: Farm) -> None:
    """It stays with the dead until somebody frees it by the job's name; others' is not touched."""
    killed = two_boards.run("night", "name=desk", "--", *HOLD)
    other = two_boards.run("other", "name=shelf", "--", *HOLD)
    for process in (killed, other):
        wait_for(process, "has it")
    kill(killed)
    night, shelf = f"farm/{two_boards.job('night')}", {"shelf": f"farm/{two_boards.job('other')}"}
    assert two_boards.holders() == {"desk": night, **shelf}

    status, said = ended(two_boards.run("night", "--free"))

    freed = f"ci/farm: desk was left by an earlier run of job {two_boards.job('night')}: freed"
    assert (status, said) == (0, [freed])
    assert two_boards.holders() == shelf

    again = two_boards.run("night", "name=desk", "--", *HOLD)
    wait_for(again, "has it")
    kill(again)
    status, said = ended(two_boards.run("night", "name=desk", "--", *SHOW))
    assert (status, said[0]) == (0, freed)
    assert ended(other)[0] == 0
    assert two_boards.holders() == {}


def test_job_runs_once_at_a_time(two_boards: Farm) -> None:
    first = two_boards.run("night", "name=desk", "--", *HOLD)
    wait_for(first, "has it")

    status, (line,) = ended(two_boards.run("night", "--free"))

    assert status == 1
    assert line.startswith(f"ci/farm: job {two_boards.job('night')} is running on this machine: ")
    assert list(two_boards.holders()) == ["desk"]
    assert ended(first)[0] == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("waiting", [True, False], ids=["waiting", "running"])
def test_run_that_is_stopped_gives_back(
    two_boards: Farm, how: signal.Signals, waiting: bool
) -> None:
    holder = two_boards.run("holder", "name=desk", "--", *HOLD)
    wait_for(holder, "has it")
    stopped = two_boards.run("day", f"name={'desk' if waiting else 'shelf'}", "--", *HOLD)
    wait_for(stopped, "waiting for" if waiting else "has it")

    if how is signal.SIGINT:
        os.killpg(stopped.pid, how)  # as a terminal does
    else:
        stopped.send_signal(how)

    assert ended(stopped)[0] != 0
    assert list(two_boards.holders()) == ["desk"]
    assert two_boards.client("reservations").count("Reservation") == 1
    assert ended(holder)[0] == 0


def test_coordinator_that_goes_in_the_middle(two_boards: Farm) -> None:
    run = two_boards.run("day", "name=desk", "--", *HOLD)
    wait_for(run, "has it")

    two_boards.coordinator.kill()

    wait_for(run, "ci/farm: the coordinator has gone: the boards stay with this run")
    status, said = ended(run)
    assert status == 0
    assert said[0].startswith(f"ci/farm: what job {two_boards.job('day')} holds is not given back")


WHOLE_RUN = """
import os, signal

def test_power(dut, pytestconfig):
    dut.expect_exact("ready after")
    dut.power_cut()
    dut.power_on()
    dut.expect_exact("ready after")

test_power = pytest.mark.needs("power-cut")(test_power)

def test_dies(dut):
    dut.expect_exact("ready after")
    if dut.serial.link.board.name == "mortal":
        os.kill(int(os.environ["MORTAL"]), signal.SIGKILL)
        dut.expect_exact("never", timeout=30)

def test_goes_on(dut):
    dut.expect_exact("ready after")
"""


@pytest.mark.parametrize("chip", ["sim"], indirect=True)
def test_whole_run_with_power_and_a_board_that_dies(
    farm: Farm,
    make_bridge: Callable[..., Bridge],
    environment: dict[str, str],
    nested: NestedPytest,
    tmp_path: Path,
) -> None:
    """Each board behind esptool's port server, on an exporter of its own."""
    bridges = {name: make_bridge(name) for name in ("mortal", "other")}
    for name, bridge in bridges.items():
        (board,) = yaml.safe_load(bridge.file)["boards"]
        folder = tmp_path / f"server of {name}"
        folder.mkdir()
        url = farm.keep(serve_port(bridge.url, folder))
        farm.export(
            f"of-{name}",
            {
                name: {
                    "NetworkSerialPort": {"host": "127.0.0.1", "port": int(url.rpartition(":")[2])},
                    "NetworkPowerPort": {
                        "model": "simplerest",
                        "host": board["power"].split()[-1].replace("{state}", "{value}"),
                        "index": 0,
                    },
                    "HotReloadBoard": {
                        key: value if isinstance(value, str) else yaml.safe_dump(value)
                        for key, value in board.items()
                        if key in ("forward", "sdkconfig", "stub")
                    },
                }
            },
        )
        farm.add_place(name, "chip=esp32 emulated=yes")
    command = nested.command(WHOLE_RUN, "--lane=board", "-p", "no:randomly", "-rs")

    status, said = ended(
        farm.run(
            *("day", "--count", "2", "chip=esp32", "--", "bash", "-c"),
            'cd "$0" && exec "$@"',
            str(nested.folder),
            *command,
            **{**environment, "MORTAL": str(bridges["mortal"].process.pid)},
        )
    )

    text = "\n".join(said)
    assert status == pytest.ExitCode.TESTS_FAILED, text
    assert "3 passed" in text
    assert "FAILED board mortal (" in text
    assert "Traceback" not in text
    assert farm.holders() == {}


def test_exporter_that_is_restarted(farm: Farm) -> None:
    """The run goes on, the place stays its own, and labgrid has the power back by itself."""
    relay = {"model": "simplerest", "host": "http://127.0.0.1:1/{value}", "index": 0}
    group = {
        "desk": {
            "NetworkSerialPort": {"host": "127.0.0.1", "port": 4001},
            "NetworkPowerPort": relay,
        }
    }
    exporter = farm.export("one", group)
    farm.add_place("desk", "chip=esp32")
    # goes on when the exporter has the place's resource again
    script = "echo has it; read; until labgrid-client -p desk env | grep -q simplerest; do :; done"
    run = farm.run(
        *("day", "chip=esp32", "--", "bash", "-c", script),
        PATH=f"{farm.environment['PATH']}:{farm.programs}",
    )
    wait_for(run, "has it")

    exporter.kill()
    exporter.wait()
    farm.export("one", group)

    assert list(farm.holders()) == ["desk"]
    said = run.communicate("\n")[0]
    assert run.returncode == 0, said
    assert farm.holders() == {}
