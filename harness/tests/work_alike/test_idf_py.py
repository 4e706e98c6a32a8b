"""The command line: what extensions, options and several commands do, as ESP-IDF's own does it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_embedded_hotreload.paths import WORK_ALIKE

# ESP-IDF builds a whole firmware in one of them
pytestmark = pytest.mark.timeout(900)


FAILED = 2

PROJECT = """\
cmake_minimum_required(VERSION 3.16)
include($ENV{IDF_PATH}/tools/cmake/project.cmake)
set(COMPONENTS main)
project(tiny)
add_custom_target(greet COMMAND echo "hello from the build")
add_custom_target(what COMMAND echo "FLAVOUR=${FLAVOUR}")
"""

EXTENSION = '''\
"""What commands of an extension are given."""


def action_extensions(base_actions, project_path):
    def tell(action, ctx, args, **options):
        print("told", action, project_path == args.project_dir, args.build_dir, options)

    def know(action, ctx, args):
        print("known", "reconfigure" in base_actions["actions"])

    def look(ctx, args, tasks):
        print("looked", *(task.name for task in tasks))

    loud = {"names": ["--loud"], "is_flag": True, "default": False, "help": "Aloud."}
    return {
        "version": "1",
        "global_action_callbacks": [look],
        "actions": {
            "PREFIX-first": {"callback": tell, "help": "First.", "options": [loud]},
            "PREFIX-last": {
                "callback": tell,
                "help": "Last.",
                "dependencies": ["PREFIX-first"],
                "order_dependencies": ["PREFIX-between"],
            },
            "PREFIX-between": {"callback": tell, "help": "Between."},
            "PREFIX-known": {"callback": know, "help": "What the others are."},
        },
    }
'''


def write_extension(path: Path, prefix: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EXTENSION.replace("PREFIX", prefix))


class IdfPy:
    """One of the two programs, in a project."""

    def __init__(self, command: list[str], environment: dict[str, str], project: Path) -> None:
        self.command = command
        self.environment = environment
        self.project = project

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.project,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=880,
            check=False,
        )

    def lines(self, *arguments: str, **environment: str) -> list[str]:
        result = self.run(*arguments, **environment)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout.splitlines()

    def told(self, *arguments: str, **environment: str) -> list[str]:
        """The actions that were executed, in order."""
        lines = self.lines(*arguments, **environment)
        return [line.split()[2] for line in lines if line.startswith("Executing action: ")]


def work_alike() -> tuple[list[str], dict[str, str]]:
    environment = {name: value for name, value in os.environ.items() if name != "IDF_PATH"}
    return [sys.executable, str(WORK_ALIKE / "tools" / "idf.py")], environment


def esp_idf() -> tuple[list[str], dict[str, str]]:
    path, python = os.environ.get("IDF_PATH"), os.environ.get("IDF_PYTHON_ENV_PATH")
    if not path or not python or not Path(path, "tools", "idf_py_actions").is_dir():
        pytest.skip("no ESP-IDF in the environment: source its export.sh")
    return [f"{python}/bin/python", f"{path}/tools/idf.py"], dict(os.environ)


@pytest.fixture(params=[work_alike, esp_idf], ids=["work-alike", "esp-idf"])
def idf_py(request: pytest.FixtureRequest, tmp_path: Path) -> IdfPy:
    program: Callable[[], tuple[list[str], dict[str, str]]] = request.param
    command, environment = program()
    for name in ("IDF_EXTRA_ACTIONS_PATH", "SDKCONFIG_DEFAULTS"):
        environment.pop(name, None)
    project = tmp_path / "my project"
    (project / "main").mkdir(parents=True)
    (project / "CMakeLists.txt").write_text(PROJECT)
    (project / "main" / "CMakeLists.txt").write_text('idf_component_register(SRCS "main.c")\n')
    (project / "main" / "main.c").write_text("void app_main(void);\nvoid app_main(void)\n{\n}\n")
    return IdfPy(command, environment, project)


def test_an_extension_of_the_project_is_called_with_the_folders(idf_py: IdfPy) -> None:
    write_extension(idf_py.project / "idf_ext.py", "own")
    lines = idf_py.lines("own-first", "--loud")
    assert f"told own-first True {idf_py.project / 'build'} {{'loud': True}}" in lines
    assert "looked own-first" in lines


def test_an_extension_that_lacks_something_is_left_out(idf_py: IdfPy) -> None:
    (idf_py.project / "idf_ext.py").write_text("import nowhere_to_be_found\n")
    result = idf_py.run("--help")
    assert result.returncode == 0
    assert "fullclean" in result.stdout
    said = result.stdout + result.stderr
    assert "idf_ext.py" in said
    assert "Traceback" not in said


def test_project_and_build_folder_may_be_elsewhere(idf_py: IdfPy, tmp_path: Path) -> None:
    write_extension(idf_py.project / "idf_ext.py", "own")
    project, idf_py.project = idf_py.project, tmp_path
    lines = idf_py.lines("-C", str(project), "-B", "out of it", "own-between")
    assert f"told own-between True {tmp_path / 'out of it'} {{}}" in lines


def test_commands_run_once_after_what_they_depend_on(idf_py: IdfPy) -> None:
    write_extension(idf_py.project / "idf_ext.py", "own")
    assert idf_py.told("own-last", "own-between") == ["own-between", "own-first", "own-last"]
    assert idf_py.told("own-last", "own-first") == ["own-first", "own-last"]
    told = [line for line in idf_py.lines("own-last") if line.startswith("told own-first")]
    assert told == [f"told own-first True {idf_py.project / 'build'} {{'loud': False}}"]


def test_folders_of_the_environment_come_before_the_project(idf_py: IdfPy, tmp_path: Path) -> None:
    write_extension(tmp_path / "a" / "given_ext.py", "given")
    write_extension(tmp_path / "a" / "no_extension.py", "never")
    write_extension(idf_py.project / "idf_ext.py", "own")
    folders = f"{tmp_path / 'a'};{tmp_path / 'missing'}"
    result = idf_py.run("given-known", "own-known", "given-first", IDF_EXTRA_ACTIONS_PATH=folders)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("known True") == 2
    assert "told given-first" in result.stdout
    assert str(tmp_path / "missing") in result.stdout + result.stderr


def test_a_wrong_call_is_an_error_without_a_traceback(idf_py: IdfPy, tmp_path: Path) -> None:
    missing = idf_py.run("-C", str(tmp_path / "nowhere"), "build")
    assert missing.returncode == FAILED
    assert "does not exist" in missing.stderr
    assert "Traceback" not in missing.stderr
    within = idf_py.run("-B", ".", "build")
    assert within.returncode == FAILED
    assert "build directory to the project directory" in within.stderr


def test_builds_what_is_asked_for(idf_py: IdfPy) -> None:
    build = idf_py.project / "build"
    assert idf_py.told("-DFLAVOUR=sweet", "build", "greet") == ["all", "greet"]
    assert (build / "tiny.elf").is_file()

    unchanged = idf_py.run("what")
    assert "FLAVOUR=sweet" in unchanged.stdout
    assert "Running cmake" not in unchanged.stdout

    changed = idf_py.run("what", "-DFLAVOUR=sour")
    assert changed.returncode == FAILED  # -D belongs to commands that are known
    changed = idf_py.run("-DFLAVOUR=sour", "what")
    assert "FLAVOUR=sour" in changed.stdout
    assert "Running cmake" in changed.stdout

    unknown = idf_py.run("no-such-command")
    assert unknown.returncode == FAILED
    assert 'command "no-such-command" is not known to idf.py' in unknown.stderr

    (idf_py.project / "main" / "main.c").write_text("no C\n")
    broken = idf_py.run("build")
    assert broken.returncode == FAILED
    assert "ninja failed with exit code 1" in broken.stderr
    assert "main.c:1:" in broken.stdout

    idf_py.lines("fullclean")
    assert not any(build.iterdir())
