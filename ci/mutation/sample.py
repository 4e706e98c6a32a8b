"""In which order mutants are tried, and what a part of them says of all."""

import math
import random

from ci.mutation.mutants import Mutant

#: of the normal distribution, for an interval that holds in 95 % of cases
Z = 1.96


def stratified(files: dict[str, list[Mutant]], seed: int) -> list[Mutant]:
    """An order of which each beginning has of every file a like share, drawn at random."""
    placed: list[tuple[float, Mutant]] = []
    for file, mutants in sorted(files.items()):
        generator = random.Random(f"{seed} {file}")
        shuffled = generator.sample(mutants, len(mutants))
        offset = generator.random()
        placed += [((i + offset) / len(shuffled), each) for i, each in enumerate(shuffled)]
    return [mutant for _, mutant in sorted(placed, key=lambda pair: (pair[0], pair[1].id))]


def interval(hits: int, tries: int) -> tuple[float, float]:
    """In which the share of hits lies with 95 %, by Wilson's formula."""
    if tries == 0:
        return 0.0, 1.0
    share = hits / tries
    scale = 1 + Z * Z / tries
    middle = (share + Z * Z / (2 * tries)) / scale
    reach = Z * math.sqrt(share * (1 - share) / tries + Z * Z / (4 * tries * tries)) / scale
    return middle - reach, middle + reach
