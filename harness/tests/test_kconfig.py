"""A misspelt option of a firmware is an error that names the nearest one that exists."""

import subprocess
from pathlib import Path

import pytest

from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.esp_idf.options import options_of_releases
from pytest_embedded_hotreload.firmware import FirmwareBuilder
from pytest_embedded_hotreload.kconfig import check_options
from pytest_embedded_hotreload.paths import WORK_ALIKE
from tests.test_firmware import FakeLane


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
    check_options([path], build_dir, {"IDF_PATH": str(WORK_ALIKE)})


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


@pytest.mark.parametrize(
    "name",
    [
        "LWIP_TCP_MSS",  # of all releases; the work-alike has none of these
        "ESP32_WIFI_NVS_ENABLED",  # the name before v5.0, which is still taken
        "LWIP_DHCP_DOES_NOT_CHECK_OFFERED_IP",  # from v5.5 on
        "EXAMPLE_ETH_PHY_LAN87XX",  # of the connections that examples share
    ],
)
def test_an_option_of_any_release_is_fine(build_dir: Path, name: str) -> None:
    check(build_dir, f"CONFIG_{name}=y\n")


def test_a_setting_in_a_comment_is_none(build_dir: Path) -> None:
    check(build_dir, "# CONFIG_NO_SUCH_OPTION=y would be wrong\n")


def test_all_releases_count_for_the_list(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    component = clone / "components" / "a"
    component.mkdir(parents=True)

    def git(*arguments: str) -> None:
        author = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", "-C", str(clone), *author, *arguments], check=True)

    git("init", "--quiet")
    for tag, name in (("v4.4", "TOO_OLD"), ("v5.0", "OLD"), ("v6.1-rc1", "NOT_YET"), ("v6.1", "A")):
        (component / "Kconfig").write_text(f"config {name}\n  bool\nconfig SOC_PINS\n  int\n")
        (component / "sdkconfig.rename.esp32").write_text("CONFIG_FORMER  !CONFIG_A\n")
        git("add", ".")
        git("commit", "--quiet", "-m", tag)
        git("tag", tag)
    assert options_of_releases(clone) == ["A", "FORMER", "OLD"]


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
