"""The model says what a device has to do: each rule once, in words of the component's README."""

import pytest

from pytest_embedded_hotreload.model import TRIAL_STARTS, UNDOS, Body, End, Kind, Model, Slot

BASE, ONE, TWO = (Body(name, name.encode()) for name in ("base", "one", "two"))
CRASHES = Body("crashes", b"", Kind.CRASHES)
HANGS = Body("hangs", b"", Kind.HANGS)
LARGE = Body("large", b"", Kind.LARGE, error="ESP_ERR_NO_MEM")


@pytest.fixture
def model() -> Model:
    """A device that runs what was flashed."""
    started = Model([Slot(BASE, 0), None])
    list(started.start(End.POWER))
    return started


def bodies(model: Model) -> list[str]:
    return [slot.body.name for slot in model.newest_first()]


def test_upload_never_goes_over_the_last_confirmed(model: Model) -> None:
    model.confirm()
    for body in (ONE, TWO, ONE):
        assert model.upload(body) == ""
        assert bodies(model) == [body.name, "base"]


def test_upload_goes_over_the_newer_of_two_unproven(model: Model) -> None:
    model.upload(ONE)
    model.upload(TWO)
    assert bodies(model) == ["two", "base"]


@pytest.mark.parametrize("bad", [CRASHES, HANGS])
def test_module_yields_after_its_starts(model: Model, bad: Body) -> None:
    model.upload(bad)
    assert list(model.start(End.POWER)) == [bad] * TRIAL_STARTS + [BASE]
    assert model.newest_first()[0].state == "yielded"


@pytest.mark.parametrize(("end", "starts"), [(End.RESTART, 1), (End.POWER, 3), (End.RESET, 3)])
def test_which_starts_count(model: Model, end: End, starts: int) -> None:
    model.upload(ONE)
    model.reload()
    list(model.start(end))
    list(model.start(end))
    assert model.newest_first()[0].starts == starts


def test_sole_module_that_gives_way_leaves_none(model: Model) -> None:
    for _ in range(TRIAL_STARTS - 1):
        assert list(model.start(End.POWER)) == [BASE]
    assert list(model.start(End.POWER)) == [None]
    assert model.retry() == ""
    assert list(model.start(End.POWER)) == [BASE]


def test_request_that_fails_leaves_what_runs_and_a_start_passes_it_over(model: Model) -> None:
    model.upload(LARGE)
    assert model.reload() == LARGE.error
    assert model.running is BASE
    assert list(model.start(End.POWER)) == [BASE]


def test_rollback_never_gives_up_the_last_confirmed(model: Model) -> None:
    model.upload(ONE)
    model.reload()
    model.confirm()
    assert model.rollback() == "HOTRELOAD_ERR_NO_MODULE"
    model.upload(TWO)
    model.reload()
    assert model.rollback() == ""
    assert model.running is ONE


def test_undo_is_possible_a_few_times(model: Model) -> None:
    model.confirm()
    model.upload(ONE)
    for _ in range(UNDOS):
        assert model.reload() == ""
        assert model.rollback() == ""
        assert model.retry() == ""
    model.reload()
    model.rollback()
    assert model.retry() == "HOTRELOAD_ERR_UNDO_USED_UP"
