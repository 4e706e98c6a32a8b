"""Modules for the firmware of `examples/basic`, of which a test writes what the greeter calls."""

from tests.conftest import ROOT

BASIC = ROOT / "examples" / "basic"

#: what else the firmware wants of a module
_OTHERS = """\
int32_t reloadable_add(int32_t a, int32_t b) { return a; }
int64_t reloadable_multiply(int64_t a, int64_t b) { return a; }
reloadable_division_t reloadable_divide(int32_t a, int32_t b)
{
    return (reloadable_division_t){a, b};
}
double reloadable_average(int32_t count, ...) { return count; }
void reloadable_greet(const char *name) {}
"""
_NEVER_GREETED = "uint32_t reloadable_greeted(void) { return 0; }\n"


def example_module(greeting: str, greeted: str = _NEVER_GREETED) -> str:
    """Its source, with the definitions of `reloadable_greeting` and `reloadable_greeted`."""
    return f'#include "reloadable.h"\n{greeting}{greeted}{_OTHERS}'
