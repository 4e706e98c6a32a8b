"""A table that the linker gathers in a module is whole, with two ends."""

from pytest_embedded_hotreload.api import Device, Variant

TABLE = """
#include "module_api.h"

typedef struct {
    const char *name;
    int32_t value;
} entry_t;

#define ENTRY(n, v) \\
    static const entry_t entry_##n __attribute__((used, section("my_entries"))) = {#n, v}
ENTRY(a, 41);
ENTRY(b, 2);
ENTRY(c, 100);
extern const entry_t __start_my_entries[], __stop_my_entries[];

int32_t answer(void)
{
    int32_t sum = 0;
    for (const entry_t *entry = __start_my_entries; entry < __stop_my_entries; entry++) {
        sum += entry->value + entry->name[1];
    }
    return sum;
}
"""


def test_table_gathered_by_the_linker(device: Device, variant: Variant) -> None:
    device.client.upload_and_reload(variant(text=TABLE))
    assert device.probe.call("answer") == 143
