"""The simulated board works from where the package is installed."""

from pathlib import Path

from pytest_embedded_hotreload.sim.sdk import lwip_path, sdk_path
from tests.package.conftest import Environment, run


def sdk(environment: Environment, what: str) -> str:
    done = run("/usr/bin/python3", environment.package / "sim" / "sdk.py", what)
    return done.stdout.strip() or done.stderr.strip()


def test_builds_use_the_environment_that_it_is_in(installed: Environment) -> None:
    assert sdk(installed, "venv") == str(installed.folder)


def test_the_toolchain_is_the_one_that_checkouts_have(installed: Environment) -> None:
    assert sdk(installed, "sdk") == str(sdk_path())
    assert sdk(installed, "lwip") == str(lwip_path())


def test_outside_of_an_environment_it_says_what_to_do(
    installed: Environment, tmp_path: Path
) -> None:
    program = tmp_path / "pytest_embedded_hotreload" / "sim" / "sdk.py"
    program.parent.mkdir(parents=True)
    program.write_bytes((installed.package / "sim" / "sdk.py").read_bytes())
    (program.parents[1] / "repository").mkdir()

    done = run("/usr/bin/python3", program, "venv")

    assert done.returncode == 1
    assert done.stderr == (
        f"sdk.py: {program.parents[1]} is in no Python environment: install the package in one, "
        "which `python3 -m venv FOLDER` makes\n"
    )


def test_a_shell_is_set_up_from_there(installed: Environment) -> None:
    shell = f'. "{installed.package}/sim/idf/export.sh" && command -v idf.py && idf.py --help'
    done = run("bash", "-c", shell)

    assert done.returncode == 0, done.stderr
    found, *said = done.stdout.splitlines()
    assert found == str(installed.package / "sim" / "idf" / "tools" / "idf.py")
    assert said[0].startswith("Usage: idf.py")


def test_the_set_up_has_nothing_to_do_where_a_checkout_was_set_up(installed: Environment) -> None:
    asked = (
        "from pytest_embedded_hotreload.sim.provision.setup import install; "
        "raise SystemExit(install('hotreload doctor --install'))"
    )
    done = run(installed.python, "-c", asked)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("set-up: nothing to do")


def test_a_set_up_that_fails_names_the_command(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    asked = (
        "from pytest_embedded_hotreload.sim.provision.setup import install; "
        "raise SystemExit(install('hotreload doctor --install'))"
    )
    done = run(installed.python, "-c", asked, env={"HOTRELOAD_CACHE": str(tmp_path / "file")})

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("hotreload doctor --install: ")


def test_the_command_is_there(installed: Environment) -> None:
    done = run(installed.folder / "bin" / "hotreload", "--help")

    assert done.returncode == 0, done.stderr
    assert "Usage: hotreload" in done.stdout
