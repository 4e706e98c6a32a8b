"""A figure that is no longer the one that is kept fails, and the documents have those that are."""

import pytest

from benchmarks.documents import README, with_figures
from benchmarks.kept import Kept, read_figures

FIGURES = {"a load": {"instructions": 1000.0, "bytes": 50.0}}


@pytest.mark.parametrize("instructions", [980, 1000, 1020])
def test_as_good_as_the_same(instructions: float) -> None:
    Kept(FIGURES).check("a load", {"instructions": instructions, "bytes": 50})


@pytest.mark.parametrize(("instructions", "verdict"), [(1021, "worse"), (979, "better")])
def test_more_than_two_percent_fail(instructions: float, verdict: str) -> None:
    with pytest.raises(AssertionError) as failure:
        Kept(FIGURES).check("a load", {"instructions": instructions, "bytes": 50})
    assert str(failure.value).splitlines()[0] == (
        f"a load: instructions is {instructions}, {verdict} than the 1000 that is kept; "
        "ci/bench --renew keeps those of now"
    )


@pytest.mark.parametrize(("found", "fails"), [(69.9, False), (70.1, True)])
def test_a_share_is_compared_by_the_whole(found: float, fails: bool) -> None:
    kept = Kept(FIGURES)
    figures, of = {"instructions": 1000.0, "bytes": found}, {"bytes": 1000.0}
    if fails:
        with pytest.raises(AssertionError, match=r"bytes is 70\.1, worse than the 50"):
            kept.check("a load", figures, of)
    else:
        kept.check("a load", figures, of)


def test_a_figure_that_is_not_kept_fails() -> None:
    with pytest.raises(AssertionError, match="a call: cycles is not kept;"):
        Kept(FIGURES).check("a call", {"cycles": 1})


def test_a_figure_that_is_not_measured_any_more_fails() -> None:
    with pytest.raises(AssertionError, match="a load: bytes was kept and is gone;"):
        Kept(FIGURES).check("a load", {"instructions": 1000})


def test_what_is_renewed_is_not_compared() -> None:
    kept = Kept(FIGURES, renews=True)
    kept.check("a load", {"instructions": 3.14159})
    assert kept.measured == {"a load": {"instructions": 3.14}}


def test_documents_have_the_figures_that_are_kept() -> None:
    text = README.read_text()
    assert with_figures(text, read_figures()) == text


def test_documents_take_other_figures() -> None:
    figures = read_figures()
    figures["a relocation in data"] = {"instructions": 41.6}
    figures["size"] = {
        f"{part}/{column}": bytes_
        for part in ("elf", "all")
        for column, bytes_ in zip(
            ("code", "constants", "flash", "RAM", "flash, short"), (1, 2, 7, 9, 5), strict=True
        )
    }
    text = with_figures(README.read_text(), figures)
    assert "\n| a relocation in data | 42 instructions |\n" in text
    assert "\n| `elf` | 1 | 2 | 7 | 9 | 5 |\n| all | 1 | 2 | 7 | 9 | 5 |\n\n" in text
    assert "| `server` | " not in text.partition("## What it takes of the firmware")[2]


def test_a_document_without_the_table_is_told() -> None:
    with pytest.raises(LookupError, match="0 places instead of one for"):
        with_figures("", read_figures())
