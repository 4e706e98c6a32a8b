"""The CMake work-alike: what a project builds to, what is rebuilt when, and what errors say."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.paths import WORK_ALIKE

# each of these runs CMake, and some a whole build
pytestmark = pytest.mark.timeout(300)


ROOT = """\
cmake_minimum_required(VERSION 3.16)
{before}
include($ENV{{IDF_PATH}}/tools/cmake/project.cmake)
set(COMPONENTS main)
project(tiny)
{after}
"""
MAIN_C = "void app_main(void);\nvoid app_main(void)\n{\n}\n"


@dataclass
class Project:
    folder: Path
    build: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        ours = {
            "LC_ALL": "C",
            "IDF_PATH": str(WORK_ALIKE),
            "IDF_PYTHON_ENV_PATH": sys.prefix,
            "IDF_COMPONENT_MANAGER": "1",
        }
        environment = {**os.environ, **ours, **self.environment}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300, check=False, env=environment
        )

    def try_configure(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(
            "cmake", "-G", "Ninja", "-S", str(self.folder), "-B", str(self.build), *arguments
        )

    def configure(self, *arguments: str) -> str:
        result = self.try_configure(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    def try_ninja(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("ninja", "-C", str(self.build), *arguments)

    def ninja(self, *arguments: str) -> str:
        result = self.try_ninja(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def fail_to_configure(self, *arguments: str) -> str:
        """The error of a configuration that has to fail, with CMake's line breaks taken out."""
        result = self.try_configure(*arguments)
        assert result.returncode != 0
        return " ".join(result.stderr.split())

    def json(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.build / name).read_text())
        return content


ProjectMaker = Callable[..., Project]


def make_project(
    folder: Path,
    build: Path,
    *,
    before: str = "",
    after: str = "",
    main: str = 'idf_component_register(SRCS "main.c")',
) -> Project:
    project = Project(folder, build)
    project.write("CMakeLists.txt", ROOT.format(before=before, after=after))
    project.write("main/CMakeLists.txt", main + "\n")
    project.write("main/main.c", MAIN_C)
    return project


@pytest.fixture
def tiny(tmp_path: Path) -> ProjectMaker:
    def make(**options: str) -> Project:
        return make_project(tmp_path / "tiny", tmp_path / "build", **options)

    return make


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was built, with spaces in its paths and the build directory elsewhere."""
    root = tmp_path_factory.mktemp("with space")
    project = make_project(root / "my project", root / "the build")
    project.configure(f"-DSDKCONFIG={project.build}/sdkconfig")
    project.ninja()
    return project


def test_outputs_are_where_esp_idf_puts_them(built: Project) -> None:
    for name in (
        "tiny.elf",
        "tiny.bin",
        "tiny.map",
        "compile_commands.json",
        "config/sdkconfig.h",
        "config/sdkconfig.cmake",
        "config/sdkconfig.json",
        "bootloader/bootloader.bin",
        "partition_table/partition-table.bin",
    ):
        assert (built.build / name).is_file(), name


def test_project_directory_is_not_written_to(built: Project) -> None:
    files = {
        path.relative_to(built.folder).as_posix()
        for path in built.folder.rglob("*")
        if path.is_file()
    }
    assert files == {"CMakeLists.txt", "main/CMakeLists.txt", "main/main.c"}


def test_project_description(built: Project) -> None:
    description = built.json("project_description.json")
    assert description["project_name"] == "tiny"
    assert description["target"] == "esp32"
    assert description["app_elf"] == "tiny.elf"
    assert Path(description["build_dir"]) == built.build
    assert Path(description["config_file"]) == built.build / "sdkconfig"
    main = description["build_component_info"]["main"]
    assert main["sources"] == [str(built.folder / "main" / "main.c")]
    assert {"freertos", "esp_system", "main"} <= set(description["build_components"])


def test_flasher_arguments(built: Project) -> None:
    arguments = built.json("flasher_args.json")
    assert arguments["flash_files"] == {
        "0x0": "bootloader/bootloader.bin",
        "0x8000": "partition_table/partition-table.bin",
        "0x10000": "tiny.bin",
    }
    assert arguments["app"] == {"offset": "0x10000", "file": "tiny.bin", "encrypted": "false"}
    assert arguments["flash_settings"]["flash_size"] == "4MB"


def test_configuration_looks_like_an_esp32(built: Project) -> None:
    configuration = built.json("config/sdkconfig.json")
    assert configuration["IDF_TARGET"] == "esp32"
    assert configuration["IDF_TARGET_ESP32"] is True
    assert configuration["ESPTOOLPY_FLASHSIZE"] == "4MB"


def test_image_knows_its_elf_file(built: Project) -> None:
    digest = hashlib.sha256((built.build / "tiny.elf").read_bytes()).digest()
    assert (built.build / "tiny.bin").read_bytes().count(digest) == 1


def test_flash_target_merges_all_images(built: Project) -> None:
    built.ninja("flash")
    flash = (built.build / "flash_image.img").read_bytes()
    assert len(flash) == 4 << 20
    for offset, name in built.json("flasher_args.json")["flash_files"].items():
        data = (built.build / name).read_bytes()
        start = int(offset, 0)
        assert flash[start : start + len(data)] == data, name


def test_nothing_to_do(built: Project) -> None:
    built.ninja()
    header = built.build / "config" / "sdkconfig.h"
    before = header.stat().st_mtime_ns
    assert "no work to do" in built.ninja()
    assert "Configuration:" not in built.configure()
    assert "no work to do" in built.ninja()
    assert header.stat().st_mtime_ns == before


def test_one_changed_source_is_all_that_is_compiled(built: Project) -> None:
    built.write("main/main.c", MAIN_C + "int another;\n")
    output = built.ninja()
    compiled = re.findall(r"Building \w+ object (\S+)", output)
    assert compiled == ["esp-idf/main/CMakeFiles/__idf_main.dir/main.c.obj"]
    linked = re.findall(r"Linking C(?:XX)? (?:static library|executable) (\S+)", output)
    assert linked == ["esp-idf/main/libmain.a", "tiny.elf"]


def test_changed_sdkconfig_is_followed(tiny: ProjectMaker) -> None:
    project = tiny()
    project.write("sdkconfig.defaults", "CONFIG_BOOTLOADER_LOG_LEVEL_ERROR=y\n")
    project.configure()
    assert project.json("config/sdkconfig.json")["BOOTLOADER_LOG_LEVEL"] == 1
    sdkconfig = project.folder / "sdkconfig"
    text = sdkconfig.read_text()
    text = text.replace(
        "CONFIG_BOOTLOADER_LOG_LEVEL_ERROR=y", "# CONFIG_BOOTLOADER_LOG_LEVEL_ERROR is not set"
    )
    text = text.replace(
        "# CONFIG_BOOTLOADER_LOG_LEVEL_WARN is not set", "CONFIG_BOOTLOADER_LOG_LEVEL_WARN=y"
    )
    sdkconfig.write_text(text)
    project.configure()
    assert project.json("config/sdkconfig.json")["BOOTLOADER_LOG_LEVEL"] == 2


def test_unknown_symbol_in_defaults_is_a_warning(tiny: ProjectMaker) -> None:
    project = tiny()
    project.write("sdkconfig.defaults", "CONFIG_NO_SUCH_OPTION=y\n")
    assert "NO_SUCH_OPTION" in project.configure()


def test_defaults_by_variable(tiny: ProjectMaker, tmp_path: Path) -> None:
    project = tiny()
    for name, line in (
        ("one", "CONFIG_BOOTLOADER_LOG_LEVEL_ERROR=y"),
        ("two", "CONFIG_COMPILER_OPTIMIZATION_SIZE=y"),
    ):
        project.write(name, f"{line}\n")
    project.configure("-DSDKCONFIG_DEFAULTS=one;two", f"-DSDKCONFIG={tmp_path}/sdkconfig")
    configuration = project.json("config/sdkconfig.json")
    assert configuration["BOOTLOADER_LOG_LEVEL"] == 1
    assert configuration["COMPILER_OPTIMIZATION_SIZE"] is True
    assert not (project.folder / "sdkconfig").exists()


def test_component_of_the_project(tiny: ProjectMaker, tmp_path: Path) -> None:
    """Kconfig, project_include.cmake, definitions after registration, embedded files, a target's
    own image in flash: what a component such as hotreload uses."""
    project = tiny(
        main='idf_component_register(SRCS "main.c" PRIV_REQUIRES extra)\n'
        "extra_setup(${COMPONENT_LIB})",
        before=f'set(EXTRA_COMPONENT_DIRS "{tmp_path}/more components/extra")',
    )
    extra = "../more components/extra"
    project.write(
        f"{extra}/Kconfig",
        'menu "Extra"\nconfig EXTRA_NUMBER\n    int "Number"\n    default 7\nendmenu\n',
    )
    project.write(
        f"{extra}/project_include.cmake",
        """
function(extra_setup target)
    partition_table_get_partition_info(offset "--partition-name factory" "offset")
    partition_table_get_partition_info(missing "--partition-name none" "offset")
    target_compile_definitions(${target} PRIVATE "FACTORY=${offset}" "MISSING=0${missing}")
    idf_build_get_property(build_dir BUILD_DIR)
    esptool_py_flash_target_image(flash extra 0x200000 "${build_dir}/extra.bin")
endfunction()
""",
    )
    project.write(
        f"{extra}/CMakeLists.txt",
        """
if(NOT CMAKE_BUILD_EARLY_EXPANSION)
    add_custom_target(not_early)
endif()
idf_component_register(SRCS "extra.c" INCLUDE_DIRS "include" EMBED_TXTFILES "text.txt")
target_compile_definitions(${COMPONENT_LIB} PUBLIC EXTRA_PUBLIC=3)
""",
    )
    project.write(f"{extra}/include/extra.h", "int extra(void);\n")
    project.write(f"{extra}/text.txt", "embedded text")
    project.write(
        f"{extra}/extra.c",
        '#include "extra.h"\n#include "sdkconfig.h"\n'
        "int extra(void) { return CONFIG_EXTRA_NUMBER; }\n",
    )
    project.write(
        "main/main.c",
        '#include "extra.h"\n'
        '_Static_assert(FACTORY == 0x10000, "offset");\n'
        '_Static_assert(MISSING == 0, "no such partition");\n'
        '_Static_assert(EXTRA_PUBLIC == 3, "public definition");\n'
        'extern const char text[] __asm__("_binary_text_txt_start");\n'
        "int used;\nvoid app_main(void);\n"
        "void app_main(void) { used = extra() + text[0]; }\n",
    )
    project.configure()
    project.ninja("tiny.elf")
    assert b"embedded text\0" in (project.build / "tiny.elf").read_bytes()
    arguments = project.json("flasher_args.json")
    assert arguments["extra"]["offset"] == "0x200000"
    assert arguments["flash_files"]["0x200000"] == "extra.bin"


def test_manifest_dependency_by_path(tiny: ProjectMaker) -> None:
    project = tiny()
    project.write("../elsewhere/dep/CMakeLists.txt", 'idf_component_register(INCLUDE_DIRS ".")\n')
    project.write("../elsewhere/dep/dep.h", "#define DEP 5\n")
    project.write(
        "main/idf_component.yml",
        "dependencies:\n  dep:\n    path: ../../elsewhere/dep\n  a/b: '*'\n",
    )
    project.write("main/main.c", '#include "dep.h"\n_Static_assert(DEP == 5, "");\n' + MAIN_C)
    assert "not downloaded and left out: a/b (of main)" in project.configure()
    project.ninja("esp-idf/main/libmain.a")


def test_manifests_are_not_read_without_the_component_manager(tiny: ProjectMaker) -> None:
    project = tiny(main='idf_component_register(SRCS "main.c" PRIV_REQUIRES dep)')
    project.write("../elsewhere/dep/CMakeLists.txt", "idf_component_register()\n")
    manifest = project.write(
        "main/idf_component.yml", "dependencies:\n  dep:\n    path: ../../elsewhere/dep\n"
    )
    project.environment["IDF_COMPONENT_MANAGER"] = "0"
    output = project.try_configure().stderr
    assert f"IDF_COMPONENT_MANAGER is 0, these are not read:\n\n    {manifest}" in output
    assert "Failed to resolve component 'dep'" in output


def test_project_component_replaces_one_of_the_idf(tiny: ProjectMaker) -> None:
    project = tiny(main='idf_component_register(SRCS "main.c" PRIV_REQUIRES nvs_flash)')
    project.write("components/nvs_flash/CMakeLists.txt", "idf_component_register()\n")
    project.configure()
    components = project.json("project_description.json")["build_component_info"]
    assert components["nvs_flash"]["dir"] == str(project.folder / "components" / "nvs_flash")


def test_unknown_requirement(tiny: ProjectMaker) -> None:
    project = tiny(main='idf_component_register(SRCS "main.c" REQUIRES no_such_component)')
    assert (
        "Failed to resolve component 'no_such_component' required by component 'main': "
        "unknown name."
    ) in project.fail_to_configure()


def test_unknown_component_named_by_the_project(tiny: ProjectMaker) -> None:
    error = tiny().fail_to_configure("-DEXTRA_COMPONENT_DIRS=/no/such/directory")
    assert "Directory specified in EXTRA_COMPONENT_DIRS doesn't exist: /no/such/directory" in error


def test_missing_include_directory(tiny: ProjectMaker) -> None:
    project = tiny(main='idf_component_register(SRCS "main.c" INCLUDE_DIRS "gone")')
    assert (
        "Include directory 'gone' of component 'main' does not exist."
        in project.fail_to_configure()
    )


def test_mistyped_argument(tiny: ProjectMaker) -> None:
    project = tiny(main='idf_component_register("main.c" SRCS "main.c")')
    assert (
        "idf_component_register() in component 'main': unknown argument main.c."
        in project.fail_to_configure()
    )


def test_missing_toolchain(tiny: ProjectMaker, tmp_path: Path) -> None:
    project = tiny()
    project.environment["HOTRELOAD_CACHE"] = str(tmp_path / "empty cache")
    error = project.fail_to_configure()
    assert "run ci/setup" in error
    assert "Traceback" not in error


def test_other_target(tiny: ProjectMaker) -> None:
    error = tiny().fail_to_configure("-DIDF_TARGET=esp32c3")
    assert "IDF_TARGET is 'esp32c3': only esp32 can be built here." in error


def test_missing_partition_csv(tiny: ProjectMaker) -> None:
    project = tiny()
    """CMake warns, so that menuconfig can be had; the build fails until the file is there."""
    project = tiny()
    project.write("sdkconfig.defaults", "CONFIG_PARTITION_TABLE_CUSTOM=y\n")
    table = f"{project.folder}/partitions.csv"
    warning = " ".join(project.configure().split())
    assert warning.count("CMake Warning") == 1
    assert f"Partition table CSV file {table} not found." in warning

    build = project.try_ninja()
    assert build.returncode != 0
    missing = f"'{table}', needed by 'partition_table/partition-table.bin', missing"
    assert missing in build.stdout + build.stderr
    target = project.try_ninja("partition-table")
    assert target.returncode != 0
    assert f"Partition table CSV {table} does not exist." in target.stdout

    project.write("partitions.csv", "factory, app, factory, , 1M\n")
    assert "Partition table" not in project.ninja()


def test_bad_partition_csv(tiny: ProjectMaker) -> None:
    """As a file that is missing: a warning of CMake, an error of the build."""
    project = tiny()
    project.write("sdkconfig.defaults", "CONFIG_PARTITION_TABLE_CUSTOM=y\n")
    project.write("partitions.csv", "factory, app, factory, 0x11000, 1M\n")
    error = (
        "partitions.csv: line 1: offset 0x11000 of partition 'factory' is not aligned to 0x10000"
    )
    assert error in " ".join(project.configure().split())
    build = project.try_ninja()
    assert build.returncode != 0
    assert error in build.stdout + build.stderr


def test_partition_csv_without_an_application(tiny: ProjectMaker) -> None:
    project = tiny()
    project.write("sdkconfig.defaults", "CONFIG_PARTITION_TABLE_CUSTOM=y\n")
    project.write("partitions.csv", "nvs, data, nvs, , 0x6000\n")
    project.configure()
    build = project.try_ninja()
    assert build.returncode != 0
    assert "partition" in build.stdout + build.stderr


def test_application_too_large_for_its_partition(tiny: ProjectMaker) -> None:
    project = tiny()
    project.write("sdkconfig.defaults", "CONFIG_PARTITION_TABLE_CUSTOM=y\n")
    project.write("partitions.csv", "factory, app, factory, , 64K\n")
    project.write(
        "main/main.c",
        "const char big[0x10000] = {1};\nconst char *volatile use;\n"
        + MAIN_C.replace("{\n", "{\n    use = big;\n"),
    )
    project.configure()
    result = project.try_ninja()
    assert result.returncode != 0
    assert re.search(
        r"Error: tiny\.bin has 0x\w+ bytes, app partition 'factory' has 0x10000: "
        r"0x\w+ bytes too many",
        result.stdout,
    )


def test_compiler_errors_are_shown(tiny: ProjectMaker) -> None:
    project = tiny()
    project.write("main/main.c", "void app_main(void) { undeclared(); }\n")
    project.configure()
    result = project.try_ninja()
    assert result.returncode != 0
    assert "main.c:1:23: error: implicit declaration of function 'undeclared'" in result.stdout
