"""What a user's shell exports for other purposes, and must change nothing here."""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

#: of builds: flags for another compiler, other settings of CMake, how Ninja and GCC show things
BUILD = (
    *("CFLAGS", "CXXFLAGS", "CPPFLAGS", "ASFLAGS", "ASMFLAGS", "ASM_FLAGS", "LDFLAGS", "LIBS"),
    *("CC", "CXX", "CPP", "AS", "ASM", "AR", "LD", "NM", "OBJCOPY", "RANLIB", "STRIP"),
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH"),
    *("GCC_EXEC_PREFIX", "GCC_COMPARE_DEBUG", "GCC_COLORS", "GCC_URLS", "LD_RUN_PATH"),
    *("DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES", "LDEMULATION", "SDKCONFIG_DEFAULTS"),
    *("CMAKE_BUILD_TYPE", "CMAKE_CONFIGURATION_TYPES", "CMAKE_GENERATOR", "CMAKE_PREFIX_PATH"),
    *("CMAKE_GENERATOR_INSTANCE", "CMAKE_GENERATOR_PLATFORM", "CMAKE_GENERATOR_TOOLSET"),
    *("CMAKE_TOOLCHAIN_FILE", "CMAKE_EXPORT_COMPILE_COMMANDS", "CMAKE_COLOR_DIAGNOSTICS"),
    *("CMAKE_C_COMPILER_LAUNCHER", "CMAKE_CXX_COMPILER_LAUNCHER", "CMAKE_C_LINKER_LAUNCHER"),
    *("CMAKE_CXX_LINKER_LAUNCHER", "NINJA_STATUS", "MAKEFLAGS", "MFLAGS", "VERBOSE", "DESTDIR"),
    *("CLICOLOR_FORCE", "CDPATH", "LANG", "LANGUAGE"),
)
LOCALE_PREFIX = "LC_"
#: what is read below is in English, and paths and identifiers are in UTF-8
LOCALE = "C.UTF-8"

#: of requests: a device is reached directly, and knows no passwords
REQUESTS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "netrc", "curl_home")
#: read by `requests` in place of ~/.netrc
NO_NETRC = {"NETRC": "/dev/null"}


def for_builds(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a build."""
    kept = {
        name: value
        for name, value in environment.items()
        if name not in BUILD and not name.startswith(LOCALE_PREFIX)
    }
    return {**kept, "LC_ALL": LOCALE}


@contextmanager
def direct_requests(environment: MutableMapping[str, str]) -> Iterator[None]:
    """While this lasts requests of this process and of what it starts go straight to devices."""
    saved = {name: environment[name] for name in environment if name.lower() in REQUESTS}
    for name in saved:
        del environment[name]
    environment.update(NO_NETRC)
    try:
        yield
    finally:
        for name in NO_NETRC:
            del environment[name]
        environment.update(saved)
