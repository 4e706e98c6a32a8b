"""Lane `esp32`: the whole way with stand-ins, and with the real programs where they are."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_embedded_hotreload.errors import MachineError
from pytest_embedded_hotreload.esp32.program import QemuProgram
from pytest_embedded_hotreload.esp32.qemu import check_flash_size
from pytest_embedded_hotreload.flashimage import MEGABYTE
from tests.conftest import ROOT, NestedPytest
from tests.stand_in.environment import real_environment, stand_in_environment

#: a change of one of these variables, None to remove it, and what is said then
Message = tuple[dict[str, str | None], str]

NO_VERSION = {"tools/idf.py": "", "tools/cmake/version.cmake": ""}
OLD = {
    "tools/idf.py": "",
    "tools/cmake/version.cmake": "set(IDF_VERSION_MAJOR 4)\nset(IDF_VERSION_MINOR 4)\n"
    "set(IDF_VERSION_PATCH 7)\n",
}
NEEDS_A_DEVICE = "def test_it(dut):\n    raise AssertionError('nothing to run it on')\n"

#: functions of the component, of ESP-IDF's HTTP server and of lwIP
IN_IRAM = f"""
from pathlib import Path

import requests
from elftools.elf.elffile import ELFFile

NAMES = ["hr_store_add", "hr_socket_receive", "httpd_req_new", "tcp_input"]
OPTIONS = ["CONFIG_ESP_SYSTEM_ESP32_SRAM1_REGION_AS_IRAM", "CONFIG_HOTRELOAD_QEMU_IRAM"]

@pytest.mark.firmware({str(ROOT / "examples" / "basic")!r}, config=dict.fromkeys(OPTIONS, "y"))
def test_it(dut, device_url, firmware):
    if "ESP_SYSTEM_ESP32_SRAM1_REGION_AS_IRAM" not in firmware.sdkconfig:
        pytest.skip("v5.0")
    with firmware.elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        places = {{name: table.get_symbol_by_name(name)[0]["st_value"] for name in NAMES}}
    assert [name for name in NAMES if not 0x40080000 <= places[name] < 0x400AA000] == []

    dut.expect_exact("greeting is now")
    module = (Path(dut.app.binary_path) / "reloadable_stripped.so").read_bytes()
    answer = requests.post(device_url + "/upload-and-reload", data=module, timeout=60)
    assert answer.status_code == 200, answer.text
    dut.expect("switch module=2")
"""


@pytest.fixture(params=["stand-in", "real"])
def environment(request: pytest.FixtureRequest, nested: NestedPytest) -> dict[str, str]:
    """The environment of a pytest for lane esp32."""
    own = stand_in_environment() if request.param == "stand-in" else real_environment("esp32")
    return nested.environment() | own


@pytest.fixture
def message(nested: NestedPytest, tmp_path: Path) -> Callable[[dict[str, str | None]], str]:
    """What a user is told whose environment differs so from one in which all is well."""

    def told(changes: dict[str, str | None]) -> str:
        changed = nested.environment() | stand_in_environment() | changes
        result = subprocess.run(
            nested.command(NEEDS_A_DEVICE, "--lane=esp32"),
            cwd=nested.folder,
            env={key: value for key, value in changed.items() if value is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert result.returncode == pytest.ExitCode.USAGE_ERROR, result.stdout
        assert "Traceback" not in result.stdout
        (line,) = [line for line in result.stdout.splitlines() if line.startswith("ERROR: ")]
        return line

    return told


def tree(folder: Path, files: dict[str, str]) -> str:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return str(folder)


@pytest.mark.timeout(900)
def test_example(environment: dict[str, str], tmp_path: Path) -> None:
    """The example's own tests pass, built by idf.py and run by Espressif's command line."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lane=esp32"]
    command += [f"--basetemp={tmp_path / 'basetemp'}", "examples/basic"]
    result = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip

    assert result.returncode == pytest.ExitCode.OK, result.stdout
    assert "hot reload, lane esp32" in result.stdout
    assert "5 passed" in result.stdout


@pytest.mark.timeout(1800)
def test_build_system(environment: dict[str, str], tmp_path: Path) -> None:
    """The tests of the build system, which are the same in each lane, use the lane's idf.py."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lane=esp32"]
    command += [f"--basetemp={tmp_path / 'basetemp'}", "component/hotreload/tool_test"]
    result = subprocess.run(
        [*command, "-k", "nothing_is_built or modules_flash_target or nobody_has"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip

    assert result.returncode == pytest.ExitCode.OK, result.stdout
    assert "3 passed" in result.stdout


@pytest.mark.timeout(900)
def test_psram(environment: dict[str, str], tmp_path: Path) -> None:
    """The emulator has it where the firmware asks for it."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lane=esp32"]
    command += [f"--basetemp={tmp_path / 'basetemp'}", "scenarios/test_memory.py"]
    result = subprocess.run(
        [*command, "-k", "test_data_stays_inside_unless_configured"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip

    assert result.returncode == pytest.ExitCode.OK, result.stdout
    assert "1 passed" in result.stdout


@pytest.mark.timeout(900)
def test_an_upload_runs_in_iram(nested: NestedPytest) -> None:
    """Where configured: anything else is translated again after each operation of the flash."""
    real_environment("esp32")

    result = nested.run(IN_IRAM, "--lane=esp32")

    assert result.returncode == pytest.ExitCode.OK, result.stdout
    if "skipped" in result.stdout:
        pytest.skip("this ESP-IDF has no CONFIG_ESP_SYSTEM_ESP32_SRAM1_REGION_AS_IRAM: v5.1 has")
    assert "1 passed" in result.stdout


@pytest.mark.parametrize(("options", "seconds"), [([], 300), (["--timeout=7"], 7)])
def test_slow_emulator_has_more_time(
    nested: NestedPytest, options: list[str], seconds: int
) -> None:
    """Five times that of pytest.ini; what is asked for on the command line is taken as it is."""
    body = f"def test_it(pytestconfig):\n    assert pytestconfig.option.timeout == {seconds}\n"

    result = nested.run(body, "--lane=esp32", *options)

    assert result.returncode == pytest.ExitCode.OK, result.stdout


def test_no_esp_idf(message: Callable[..., str]) -> None:
    assert message({"IDF_PATH": None}) == (
        "ERROR: ESP-IDF is missing, IDF_PATH is not set: install ESP-IDF v5.0 or later and run "
        "`. <its folder>/export.sh`"
    )


def test_path_to_something_else(message: Callable[..., str], tmp_path: Path) -> None:
    assert message({"IDF_PATH": str(tmp_path)}).startswith(
        f"ERROR: IDF_PATH is {tmp_path}, which has no tools/idf.py: install ESP-IDF v5.0 or later"
    )


def test_esp_idf_without_a_version(message: Callable[..., str], tmp_path: Path) -> None:
    path = tree(tmp_path / "idf", NO_VERSION)
    assert message({"IDF_PATH": path}) == (
        f"ERROR: IDF_PATH is {path}, whose version {path}/tools/cmake/version.cmake does not tell"
    )


def test_esp_idf_that_is_too_old(message: Callable[..., str], tmp_path: Path) -> None:
    path = tree(tmp_path / "idf", OLD)
    assert message({"IDF_PATH": path}).startswith(
        f"ERROR: the ESP-IDF of IDF_PATH, {path}, is v4.4.7, too old: install ESP-IDF v5.0 or"
    )


def test_esp_idf_that_is_not_exported(message: Callable[..., str]) -> None:
    path = stand_in_environment()["IDF_PATH"]
    assert message({"IDF_PYTHON_ENV_PATH": None}) == (
        f"ERROR: ESP-IDF is not exported, IDF_PYTHON_ENV_PATH is not set: run `. {path}/export.sh`"
    )


def test_esp_idf_whose_python_has_gone(message: Callable[..., str]) -> None:
    path = stand_in_environment()["IDF_PATH"]
    assert message({"IDF_PYTHON_ENV_PATH": "/nowhere"}) == (
        "ERROR: ESP-IDF has no /nowhere/bin/python (IDF_PYTHON_ENV_PATH): "
        f"run {path}/install.sh esp32 and `. {path}/export.sh`"
    )


HOW_QEMU = (
    "run `python $IDF_PATH/tools/idf_tools.py install qemu-xtensa` and "
    "`. $IDF_PATH/export.sh` again"
)


def test_no_qemu(message: Callable[..., str], tmp_path: Path) -> None:
    assert message({"PATH": str(tmp_path)}) == (
        f"ERROR: qemu-system-xtensa is not in PATH: {HOW_QEMU}"
    )


def test_qemu_of_debian(message: Callable[..., str]) -> None:
    assert message({"PATH": "/usr/bin"}) == (
        "ERROR: /usr/bin/qemu-system-xtensa is not Espressif's QEMU, it has no machine esp32: "
        f"{HOW_QEMU}"
    )


@pytest.mark.parametrize("size", [2, 8, 16])
def test_flash_of_an_old_qemu(size: int) -> None:
    old, new = QemuProgram("qemu", "QEMU 7.2.0", 7), QemuProgram("qemu", "QEMU 8.2.0", 8)

    check_flash_size(old, 4 * MEGABYTE)
    check_flash_size(new, size * MEGABYTE)
    with pytest.raises(MachineError, match=rf"QEMU 7.2.0 has .* 4 MB only .* for {size} MB: use"):
        check_flash_size(old, size * MEGABYTE)
