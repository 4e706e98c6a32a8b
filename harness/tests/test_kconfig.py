"""A misspelt option of a firmware is an error that names the nearest one that exists."""

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.firmware import FirmwareBuilder
from harness.kconfig import ELSEWHERE, check_options
from harness.lanes.sim import IDF_PATH
from harness.tests.test_firmware import FakeLane


@pytest.fixture
def build_dir(tmp_path: Path) -> Path:
    """As CMake leaves it: one component of the project, which sources another file."""
    component = tmp_path / "components" / "blinker"
    component.mkdir(parents=True)
    (component / "Kconfig").write_text(
        'menu "Blinker"\n    config BLINKER_PERIOD_MS\n        int "Period"\n'
        '    menuconfig BLINKER_EXTRAS\n        bool "Extras"\nrsource "Kconfig.extras"\nendmenu\n'
    )
    (component / "Kconfig.extras").write_text('config BLINKER_COLOUR\n\tbool "Colour"\n')
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "kconfigs.in").write_text(f'source "{component / "Kconfig"}"\n')
    return folder


def check(build_dir: Path, text: str) -> None:
    path = build_dir / "overrides.defaults"
    path.write_text(text)
    check_options([path], build_dir, {"IDF_PATH": str(IDF_PATH)})


def test_options_that_exist_are_fine(build_dir: Path) -> None:
    check(
        build_dir,
        "# a comment\nCONFIG_BLINKER_PERIOD_MS=5\nCONFIG_BLINKER_EXTRAS=y\n"
        "# CONFIG_BLINKER_COLOUR is not set\nCONFIG_FREERTOS_HZ=100\n",
    )


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("CONFIG_BLINKER_PERIOD=5", "CONFIG_BLINKER_PERIOD_MS"),
        ("CONFIG_BLINKER_COLOR=n", "CONFIG_BLINKER_COLOUR"),
        ("# CONFIG_BLINKER_EXTRA is not set", "CONFIG_BLINKER_EXTRAS"),
        ("CONFIG_FREERTOS_HZZ=100", "CONFIG_FREERTOS_HZ"),
    ],
)
def test_a_misspelt_option_is_told_with_the_nearest(build_dir: Path, line: str, near: str) -> None:
    with pytest.raises(HarnessError, match=f"is {near} meant") as caught:
        check(build_dir, f"{line}\n")
    assert "\n" not in str(caught.value)
    assert "overrides.defaults sets CONFIG_" in str(caught.value)


def test_an_option_of_another_release_is_fine(build_dir: Path) -> None:
    name = ELSEWHERE.read_text().split()[0]
    check(build_dir, f"CONFIG_{name}=y\n")


@pytest.mark.parametrize("where", ["config", "sdkconfig.defaults"])
def test_a_test_that_misspells_an_option_fails(tmp_path: Path, where: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text("project(x)\n")
    config = {}
    if where == "config":
        config = {"CONFIG_NO_SUCH_OPTION": "y"}
    else:
        (project / where).write_text("CONFIG_NO_SUCH_OPTION=y\n")
    builder = FirmwareBuilder(FakeLane(), tmp_path / "cache", "session")
    with pytest.raises(HarnessError, match="sets CONFIG_NO_SUCH_OPTION, which no Kconfig file"):
        builder.build(project, config)
