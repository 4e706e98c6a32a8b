"""What a call through a stub costs, beside a call of the module's function itself.

Of a function of each class of signature that the scenarios have; arguments are 0, so that little
more than the call is done.
"""

import pytest

from benchmarks.plugin import Compare
from pytest_embedded_hotreload.api import Device, Lane
from scenarios.bench import Bench
from scenarios.load_modules import quiet

#: of which the average is taken
CALLS = 200
#: functions of the module; of some the first argument has to point somewhere
SIGNATURES = {
    "no arguments": ("sig_nothing", ""),
    "int8": ("sig_int8", ""),
    "uint16": ("sig_uint16", ""),
    "64 bits": ("sig_mul64", ""),
    "64 bits among 32": ("sig_mixed64", ""),
    "float": ("sig_float", ""),
    "double": ("sig_double", ""),
    "struct of 3 bytes": ("sig_color", ""),
    "struct of 2 words": ("sig_pair", ""),
    "struct of 4 words": ("sig_quad", ""),
    "struct of 10 words": ("sig_big", "buffer"),
    "10 arguments": ("sig_ten", ""),
    "registers and stack": ("sig_split", ""),
    "variadic": ("sig_sum", ""),
    "variadic doubles": ("sig_sum_double", ""),
    "va_list": ("sig_vsum", ""),
    "callback": ("sig_call", "function"),
    "recursion": ("sig_recurse", ""),
    "alloca": ("sig_alloca", ""),
    "large frame": ("sig_large_frame", ""),
}


@quiet
@pytest.mark.icount
def bench_calls(compare: Compare, rounds: int, device: Device, lane: Lane) -> None:
    bench = Bench(device)
    calls = compare("a call", "instructions")
    for _ in range(rounds):
        for case, (function, first) in SIGNATURES.items():
            cycles = bench.call_cycles(function, CALLS, first)
            calls.add(case, "through the stub", lane.instructions(cycles.stub) / CALLS)
            calls.add(case, "direct", lane.instructions(cycles.direct) / CALLS)
