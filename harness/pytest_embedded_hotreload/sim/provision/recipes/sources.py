"""Upstream sources that the SDK is made of, from Debian's source packages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A Debian source package, its upstream version, and what the recipes use of it.

    Members are tar patterns below the one top folder of the archive.
    """

    package: str
    version: str
    members: tuple[str, ...]
    inner: str = ""  # the archive inside the archive that has the members
    patched: bool = False  # whether Debian's own patches matter for what is used


SOURCES = (
    # the core: instruction set and configuration
    Source("qemu", "7.2", ("target/xtensa/core-de212",)),
    # the interface of binutils' core plug-ins
    Source("binutils", "2.40", ("include/ansidecl.h", "include/xtensa-*.h")),
    Source(
        "gcc-12",
        "12.2.0",
        ("libgcc/*.[ch]", "libgcc/config/xtensa", "include/longlong.h"),
        inner="gcc-*-dfsg.tar.xz",
    ),
    Source("newlib", "3.3.0", ("newlib/libc", "newlib/libm")),
    Source("lwip", "2.1.3", ("src", "COPYING")),
    Source("http-parser", "2.9.4", ("*",), patched=True),
    # SHA-256 and HMAC, by the library's own interface and by PSA's
    Source(
        "mbedtls",
        "2.28",
        (
            "include/mbedtls",
            "include/psa",
            "library/*.h",
            "library/constant_time.c",
            "library/md.c",
            "library/platform*.c",
            "library/psa_crypto*.c",
            "library/sha256.c",
            "library/version.c",
            "LICENSE",
        ),
    ),
    # cJSON's own tests bring ThrowTheSwitch's Unity
    Source("cjson", "1.7", ("tests/unity/src", "tests/unity/docs/license.txt")),
)
