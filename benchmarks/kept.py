"""Figures that are the same in each run, kept in `figures.json`: instructions and bytes.

A test measures what it needs anyway and has it compared: `kept.check("a byte", {...})`.
`ci/bench --renew` runs these tests and writes what they have measured, and the tables of it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from benchmarks.documents import README, with_figures

FIGURES = Path(__file__).with_name("figures.json")
#: how far a figure may be from the one that is kept; what is better is to be kept, too
TOLERANCE = 0.02
RENEW = "ci/bench --renew keeps those of now"

#: by topic and name; less is better
Figures = dict[str, dict[str, float]]


class Kept:
    """The figures of the file, and those that this run has measured."""

    def __init__(self, figures: Figures, renews: bool = False) -> None:
        self._figures = figures
        self._renews = renews
        self.measured: Figures = {}

    def check(
        self, topic: str, found: Mapping[str, float], of: Mapping[str, float] | None = None
    ) -> None:
        """Fail when one of all figures of a topic differs by more than 2 % from the one kept.

        `of` gives what that is a share of, for names where it is not the figure itself.
        """
        self.measured[topic] = {name: round(value, 2) for name, value in found.items()}
        if not self._renews:
            kept = self._figures.get(topic, {})
            wrong = [*_unlike(kept, found), *_differing(kept, found, of or {})]
            assert not wrong, f"{topic}: {'; '.join(wrong)}; {RENEW}"


def _unlike(kept: Mapping[str, float], found: Mapping[str, float]) -> Iterator[str]:
    yield from (f"{name} is not kept" for name in found if name not in kept)
    yield from (f"{name} was kept and is gone" for name in kept if name not in found)


def _differing(
    kept: Mapping[str, float], found: Mapping[str, float], of: Mapping[str, float]
) -> Iterator[str]:
    for name in kept.keys() & found.keys():
        more = found[name] - kept[name]
        if abs(more) > TOLERANCE * of.get(name, kept[name]):
            verdict = "worse" if more > 0 else "better"
            yield f"{name} is {found[name]:.7g}, {verdict} than the {kept[name]:.7g} that is kept"


def read_figures() -> Figures:
    figures: Figures = json.loads(FIGURES.read_text())
    return figures


def write_figures(figures: Figures) -> None:
    """To the file, and to the document that has tables of them."""
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
    README.write_text(with_figures(README.read_text(), figures))


KEPT = pytest.StashKey[Kept]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("hotreload").addoption(
        "--renew-figures",
        action="store_true",
        help="keep the instructions and bytes that the tests measure, instead of comparing them",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[KEPT] = Kept(read_figures(), config.getoption("renew_figures"))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    measured = session.config.stash[KEPT].measured
    if session.config.getoption("renew_figures") and exitstatus == pytest.ExitCode.OK:
        write_figures({**read_figures(), **measured})


@pytest.fixture
def kept(pytestconfig: pytest.Config) -> Kept:
    """The figures that are kept: `kept.check("a relocation in data", {"instructions": 49.0})`."""
    return pytestconfig.stash[KEPT]
