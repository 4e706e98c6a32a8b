"""The modules whose fields are changed: one source, linked in each way that the loader takes."""

from __future__ import annotations

from pathlib import Path

from elf_builder import IDENTITY
from module_rules import NOTHING_TO_DO, Module, functions_of, images, linked_function
from real_module import link_module

#: what a firmware calls in them
EXPORTS = ("f", "g", "first_of_many_names")

SOURCE = r"""
extern int firmware_add(int a, int b);
extern int firmware_counter;
extern int absent(int x) __attribute__((weak));
extern char absent_data __attribute__((weak));

struct __attribute__((packed)) odd { char tag; const void *pointer; char end; };

static int values[] = {1, 2, 3, 4};
static char zeros[13];
static int *const last = &values[4];
static int *const before = &values[-1];
static struct odd odd_own = {1, values, 2};
static int *counter = &firmware_counter;
static char *nowhere = &absent_data;

int started;
__attribute__((constructor)) static void begin(void) {}
__attribute__((constructor)) void begin_too(void) {}
__attribute__((destructor)) static void end(void) {}

int f(int x) { return firmware_add(x, *counter) + *last + *before + zeros[x]; }
int g(int x) { return absent ? absent(x) : *(const int *)odd_own.pointer + (nowhere == 0); }
int first_of_many_names(void) { return started; }
int f_and_more(void) { return 1; }
"""

SYSV = ("-Os", "-Wl,--hash-style=sysv")
#: options, and whether it is the component's linker script
LINKS: dict[str, tuple[tuple[str, ...], bool]] = {
    "symbolic": ((*SYSV, "-Wl,-Bsymbolic", "-s"), True),
    "interposable": ((*SYSV, "-s"), True),
    "with sections": ((*SYSV, "-Wl,-Bsymbolic"), True),
    "linker's own": ((*SYSV, "-Wl,-z,norelro", "-s"), False),
}

#: `entry a1, 32` and `retw.n`: what the constructors and the destructor are
EMPTY_FUNCTION = bytes.fromhex("3641001df0")


def build(folder: Path, link: str, identity: bytes = IDENTITY) -> bytes:
    options, own_script = LINKS[link]
    return link_module(folder, *options, own_script=own_script, source=SOURCE, identity=identity)


def runs_nothing(module: Module) -> bool:
    """Whether all that a load of it executes is functions that do nothing."""
    text = next(segment for segment in module.loaded if segment.executable)
    links = [segment.link for segment in module.loaded]
    content = images(module, links)[module.loaded.index(text)]
    starts = {
        linked_function(module, relocation)
        for table in functions_of(module)
        for relocation in module.relocations
        if relocation["r_offset"] in table and relocation["r_info"] & 255 not in NOTHING_TO_DO
    }
    places = [start - text.link for start in starts if start is not None]
    return all(content[at : at + len(EMPTY_FUNCTION)] == EMPTY_FUNCTION for at in places)
