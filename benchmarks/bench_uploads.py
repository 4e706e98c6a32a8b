"""Uploads as they are and as a form, beside an application that receives the ELF and writes it.

That one has all of it in memory, and gives it to `hotreload_update_partition()`. The seconds are
those of the client, from the first byte of the request to the last one of the answer.
"""

import time
from collections.abc import Callable, Mapping

from benchmarks.plugin import Compare
from pytest_embedded_hotreload.api import Device, Variant
from scenarios.bench import Bench
from scenarios.load_modules import constants, quiet

SIZES = (1_000, 5_000, 25_000, 100_000)


@quiet
def bench_uploads(compare: Compare, rounds: int, device: Device, variant: Variant) -> None:
    bench = Bench(device)
    times = compare("an upload", "s", "bytes")
    memory = compare("memory that an upload needs meanwhile", "bytes", "bytes")
    modules = {
        size: variant(text=constants(size), name=f"base_and_constants_{size}").data
        for size in SIZES
    }
    ways: Mapping[str, Callable[[bytes], object]] = {
        "a form": device.client.upload_form,
        "the ELF as it is": device.client.upload,
        "received and written by the application": bench.update,
    }
    for _ in range(rounds):
        for elf in modules.values():
            for way, upload in ways.items():
                began = time.monotonic()
                upload(elf)
                times.add("upload", way, time.monotonic() - began, len(elf))
    for elf in modules.values():
        for way, upload in ways.items():
            device.power_cycle()  # the least that was ever free is that of this boot
            free = bench.level_heap()
            upload(elf)
            memory.add("upload", way, free - device.probe.heaps().data_minimum, len(elf))
