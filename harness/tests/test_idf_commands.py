"""The component's commands of idf.py, from a source in an editor to the console of a device."""

import hashlib
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotreload_loop.emulator import find_program
from hotreload_loop.errors import WrongCallError
from pytest_embedded_hotreload.esp_idf.sdk import EspIdf
from tests.stand_in.environment import ROOT, real_environment, stand_in_environment

# a build of the example, by whoever needs it first
pytestmark = pytest.mark.timeout(1800, func_only=False)

OTHER_FIRMWARE = 5
NOT_BUILT = 4
WRONG_CALL = 2


class Running:
    """A command that goes on, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def expect(self, text: str) -> str:
        """The next line with `text`."""
        seen: list[str] = []
        while True:
            line = self._lines.get(timeout=1700)
            assert line is not None, "\n".join(seen)
            if text in line:
                return line
            seen.append(line)

    def end(self) -> int:
        """What Ctrl-C does: all processes at the terminal get the signal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


class Project:
    """A copy of the example, and idf.py in it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.build = folder / "build"
        self.source = folder / "components" / "reloadable" / "reloadable.c"
        self.environment = environment
        self.idf_py = EspIdf.exported(environment).idf_py(folder, self.build)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.idf_py, *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=1700,
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        process = subprocess.Popen(
            # who starts the tests in the background may have had them ignore the interrupt
            ["env", "--default-signal=INT", *self.idf_py, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        running = Running(process)
        try:
            yield running
        finally:
            running.end()

    @contextmanager
    def edited(self, path: Path, old: str, new: str) -> Iterator[None]:
        """A saved change, which is taken back."""
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        try:
            yield
        finally:
            path.write_text(text)

    def images(self) -> dict[str, str]:
        """What the device is flashed with."""
        files = [self.build / "basic.bin", self.build / "reloadable_flash.bin"]
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module", params=["stand-in", "esp-idf"])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    stand_in = request.param == "stand-in"
    own = stand_in_environment() if stand_in else real_environment("esp32")
    environment = {**os.environ, **own}
    for name in ("HOTRELOAD_URL", "IDF_EXTRA_ACTIONS_PATH", "SDKCONFIG_DEFAULTS"):
        environment.pop(name, None)
    root = tmp_path_factory.mktemp("idf py")
    folder = root / "examples" / "basic"
    shutil.copytree(
        ROOT / "examples" / "basic",
        folder,
        ignore=shutil.ignore_patterns("build", "sdkconfig", "__pycache__"),
    )
    (root / "component").symlink_to(ROOT / "component")
    return Project(folder, environment)


@pytest.fixture(scope="module")
def console(project: Project) -> Iterator[Running]:
    """The device that `run-project --qemu` has built and started."""
    with project.running("run-project", "--qemu") as running:
        running.expect("greeting is now")
        yield running


def test_a_saved_change_is_called_by_the_device(project: Project, console: Running) -> None:
    with project.edited(project.source, '"Hello"', '"Good morning"'):
        result = project.run("reload")
        assert result.returncode == 0, result.stdout + result.stderr
        assert "hotreload: reloadable runs: " in result.stdout
        assert '"Good morning"' in console.expect("greeting is now")
    assert project.run("reload").returncode == 0
    assert '"Hello"' in console.expect("greeting is now")


def test_each_save_is_called_by_the_device(project: Project, console: Running) -> None:
    with project.running("watch") as watch:
        watch.expect("files of reloadable, Ctrl-C ends this")
        with project.edited(project.source, '"Hello"', '"Good evening"'):
            watch.expect(" s after the save (build ")
            assert '"Good evening"' in console.expect("greeting is now")
            with project.edited(project.source, "return", "retrun"):
                watch.expect("reloadable.c:")
                watch.expect("the module 'reloadable' was not built")
        watch.expect(" s after the save (build ")
        assert '"Hello"' in console.expect("greeting is now")
        assert watch.end() == 0


def test_a_source_that_does_not_compile_is_named_with_its_line(
    project: Project, console: Running
) -> None:
    with project.edited(project.source, "return", "retrun"):
        result = project.run("reload")
    assert result.returncode == NOT_BUILT
    assert f"{project.source}:" in result.stderr
    assert "error: " in result.stderr.splitlines()[0] or "In function" in result.stderr
    assert result.stderr.splitlines()[-1] == (
        "hotreload: error: the module 'reloadable' was not built"
    )
    assert project.run("reload").returncode == 0


def test_a_changed_firmware_has_to_be_flashed_first(project: Project, console: Running) -> None:
    with project.edited(project.folder / "main" / "main.c", "greeting is now", "greeting is then"):
        result = project.run("reload")
        assert result.returncode == OTHER_FIRMWARE
        said = result.stderr.splitlines()[-1]
        assert "a source of the firmware has changed, or a header that" in said
        assert "end `idf.py run-project --qemu` and start it again" in said
    assert project.run("reload").returncode == 0


def test_the_emulator_leaves_the_build_alone_and_ends_by_ctrl_c(
    project: Project, console: Running
) -> None:
    images = project.images()
    url = project.build / "hotreload" / "device_url"
    first = url.read_text()
    with project.running("run-project", "--qemu") as second:
        second.expect("greeting is now")
        both = url.read_text().split()
        assert [f"{both[0]}\n", len(both)] == [first, 2]
        unclear = project.run("reload")
        assert unclear.returncode == WRONG_CALL
        assert f"choose one of {both[0]}, {both[1]} by --url" in unclear.stderr
        assert second.end() == 0
    assert url.read_text() == first
    assert project.images() == images


def test_an_emulator_without_an_esp32_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debians = tmp_path / "qemu-system-xtensa"
    debians.write_text("#!/bin/sh\necho lx60-nommu  Debian has this one\n")
    debians.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    message = f"^{debians} is not Espressif's QEMU, it has no machine esp32: run "
    with pytest.raises(WrongCallError, match=message):
        find_program()
