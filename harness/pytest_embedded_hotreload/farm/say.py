"""What a person reads of a farm: one line for each thing that happens."""

import sys


def say(text: str) -> None:
    """Tell it at once, on stderr: stdout is the command's."""
    print(f"ci/farm: {text}", file=sys.stderr, flush=True)
