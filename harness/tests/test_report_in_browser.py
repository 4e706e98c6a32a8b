"""The report as a reader sees it, in Chromium: at a desk, on a phone, in the dark, on paper."""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from pytest_embedded_hotreload.browser import SIZES, Reader, chromium
from pytest_embedded_hotreload.report.coverage import Coverage
from pytest_embedded_hotreload.report.page import render_page
from pytest_embedded_hotreload.report.record import TestRecord
from pytest_embedded_hotreload.report.run import Run, measures
from pytest_embedded_hotreload.timeline import Moment
from tests.conftest import nested_in
from tests.test_crashes import WITH_DEVICE

__all__ = ["chromium"]  # a fixture

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(120)]

#: contrast that WCAG 2.1 asks for, 1.4.3
CONTRAST = 4.5
#: until the tests of a large run can be searched
LOADED_SECONDS = 10.0

TESTS = """
from pytest_embedded_hotreload.oracle import assert_images_equal, expected_images

CRASH = bool(os.environ.get("CRASH"))
GOOD = "int word;" + SOURCE.replace("(volatile int *)4", "&word")

def test_kept(device, figure):
    device.client.status()
    figure("a status: 12 ms")

def test_crash(device, build_module):
    source = SOURCE if CRASH else GOOD
    device.client.upload_and_reload(build_module(source, name="bad"))
    if CRASH:
        device.console.wait_line("never")

class OneBitWrong:
    def __init__(self, memory):
        self.memory = memory

    def read(self, address, size):
        first, *rest = self.memory.read(address, size)
        return bytes([first ^ 1, *rest])

def test_wrong_word(device, build_module):
    module = build_module(GOOD, name="good")
    device.client.upload_and_reload(module)
    symbols = module.unstripped.read_bytes()
    if CRASH:
        images = expected_images(module.data, device.placement())
        assert_images_equal(OneBitWrong(device.memory), images, symbols)

@pytest.mark.parametrize("number", range(5))
def test_same(number):
    assert not CRASH, "the same words"

@pytest.mark.skip("not today")
def test_skipped():
    pass
"""


@dataclass(frozen=True)
class Reports:
    """A report with failures and a crash, and of the run before it what it measured."""

    page: Path
    run_before: Path


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Of two runs of the same tests, of which the second fails."""
    folder = tmp_path_factory.mktemp("reports")
    nested = nested_in(folder)
    options = ("-n0", "-p", "no:randomly", f"--report-dir={folder / 'report'}")
    with pytest.MonkeyPatch.context() as patch:
        assert "8 passed, 1 skipped" in nested.run(WITH_DEVICE + TESTS, *options).stdout
        before = (folder / "report" / "run.json").rename(folder / "before.json")
        patch.setenv("CRASH", "1")
        nested.run(WITH_DEVICE + TESTS, *options)
    return Reports(folder / "report" / "index.html", before)


class ReportReader(Reader):
    """Somebody who reads a report."""

    def open(self, url: str, size: tuple[int, int]) -> None:
        """Open a report, and wait until it is complete."""
        super().open(url, size)
        self.until("return document.querySelectorAll('#trend .main-svg').length")

    def test(self, name: str) -> WebElement:
        return self.browser.find_element(By.ID, f"test_it.py::{name}")

    def unfold(self, name: str) -> WebElement:
        """Unfold a test and wait for its pictures."""
        test = self.test(name)
        if test.get_attribute("open") is None:
            self.one("summary", test).click()
        self.until("return arguments[0].querySelectorAll('.timeline .main-svg').length", test)
        return test

    def lanes(self, test: WebElement) -> list[str]:
        """From the top to the bottom."""
        labels = self.shown(".timeline .yaxislayer-above text", test)
        return [label.text for label in sorted(labels, key=lambda label: label.rect["y"])]

    def log(self, test: WebElement) -> str:
        return "\n".join(self.ask(
            "return [...arguments[0].querySelectorAll('.log div:not([hidden])')]"
            ".map(line => line.textContent)", test
        ))  # fmt: skip

    def colour(self, name: str) -> str:
        """A colour of the page as the browser computes it."""
        return str(self.ask(
            "const e = document.body.appendChild(document.createElement('i'));"
            "e.style.color = `var(--${arguments[0]})`; const c = getComputedStyle(e).color;"
            "e.remove(); return c", name
        ))  # fmt: skip

    def contrast(self, selector: str) -> float:
        """Between the text of an element and what is behind it."""
        text, paper = self.ask(
            "let e = document.querySelector(arguments[0]); const text = getComputedStyle(e);"
            "const ink = e instanceof SVGElement ? text.fill : text.color;"
            "while (e && /, 0\\)|transparent/.test(getComputedStyle(e).backgroundColor)) "
            "e = e.parentElement;"
            "return [ink, e ? getComputedStyle(e).backgroundColor : 'rgb(255, 255, 255)']",
            selector,
        )
        lighter, darker = sorted((luminance(text), luminance(paper)), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Of a colour, by WCAG 2.1."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return SIZES[request.param]


@pytest.fixture
def blank(chromium: webdriver.Chrome) -> Iterator[ReportReader]:
    """A reader without a page; nothing that the page's scripts do may go wrong."""
    reader = ReportReader(chromium)
    reader.look_as()
    yield reader
    complaints: list[Any] = chromium.get_log("browser")  # type: ignore[no-untyped-call]
    assert complaints == []


@pytest.fixture
def reader(blank: ReportReader, reports: Reports, size: tuple[int, int]) -> ReportReader:
    """A reader of the report."""
    blank.open(reports.page.as_uri(), size)
    return blank


def test_what_is_seen_first(reader: ReportReader, size: tuple[int, int]) -> None:
    verdict = reader.one("#verdict")
    assert verdict.text == "1 of 1 promises broken: 1 passed, 7 failed, 1 skipped."
    assert reader.ask("return arguments[0].getBoundingClientRect().bottom", verdict) < size[1]
    seen = {row.text.partition("\n")[0] for row in reader.shown("#run dt")}
    assert seen == {"command", "commit", "seed", "time", "host", "versions"}
    first, *others = reader.shown(".cause")
    assert "the same words" in reader.one("h2", first).text and "5 tests" in first.text
    assert reader.ask("return arguments[0].getBoundingClientRect().top", first) < size[1]
    crash = next(cause for cause in others if "device crashed" in cause.text)
    assert "LoadProhibited in inner" in reader.one("h2", crash).text
    frames = re.findall(r"^0x[0-9a-f]{8} (\w+)", reader.one("pre", crash).text, re.MULTILINE)
    assert frames[:3] == ["inner", "reloadable_greeting", "greeter"]


def test_a_crash_is_drawn(reader: ReportReader) -> None:
    test = reader.unfold("test_crash")

    assert "device crashed" in reader.one("p.failed", test).text
    assert "reloadable_greeting" in reader.one("pre.explanation", test).text
    assert reader.lanes(test) == ["requests", "load", "hooks", "flash", "console"]
    assert len(reader.shown(".timeline .barlayer .point path", test)) > 20
    heights = reader.ask(
        "return [...arguments[0].querySelectorAll('.timeline .shapelayer path')].map(line => "
        "[getComputedStyle(line).stroke, line.getBBox().height])", test
    )  # fmt: skip
    plot = reader.ask(
        "return arguments[0].querySelector('.timeline .xy .bg, .timeline .bglayer rect, "
        ".timeline .nsewdrag').getBoundingClientRect().height", test
    )  # fmt: skip
    colours = [colour for colour, _ in heights]
    assert colours.count(reader.colour("crash")) == 1
    assert colours.count(reader.colour("switch")) >= 2
    assert min(height for _, height in heights) >= 0.98 * plot
    assert "crash" in [label.text for label in reader.shown(".timeline .annotation", test)]


def test_the_log_and_the_picture_are_searched(reader: ReportReader) -> None:
    test = reader.unfold("test_crash")
    whole = reader.log(test)
    assert "Guru Meditation" in whole and "relocate module=2" in whole

    search = reader.one("input[type=search]", test)
    search.send_keys("RELOCATE")
    assert set(re.findall(r"HR \d+ \d+ (\w+)|$", reader.log(test))) == {"relocate", ""}
    search.clear()
    search.send_keys(" ", "\b")
    console = reader.one("input[value=console]", test)
    console.click()
    reader.until("return !arguments[0].querySelector('.timeline .yaxislayer-above').textContent"
                 ".includes('console')", test)  # fmt: skip
    assert "Guru" not in reader.log(test) and "relocate" in reader.log(test)


def test_zoom_shows_the_log_of_that_time(reader: ReportReader) -> None:
    test = reader.unfold("test_wrong_word")
    whole = reader.log(test)

    plus = reader.one(".timeline .modebar-btn[data-val=in]", test)
    reader.ask("arguments[0].click()", plus)
    reader.until("return arguments[0].querySelector('.log div[hidden]')", test)

    assert 0 < len(reader.log(test)) < len(whole)
    reader.ask("arguments[0].click()", reader.one(".timeline .modebar-btn[data-val=reset]", test))
    reader.until("return !arguments[0].querySelector('.log div[hidden]')", test)


def test_a_wrong_word_is_marked_in_memory(reader: ReportReader) -> None:
    test = reader.unfold("test_wrong_word")

    reader.until("return arguments[0].querySelectorAll('.memory .main-svg').length", test)
    rows = [label.text for label in reader.shown(".memory .yaxislayer-above text", test)]
    assert sorted(row.split(",")[0] for row in rows) == ["module 1", "module 2"]
    assert any(row == "module 2, running" for row in rows)
    marks = reader.shown(".memory .scatterlayer .point", test)
    assert len(marks) == 2  # the first word of the text, and that of the data
    row = next(r for r in reader.shown(".memory .yaxislayer-above text", test) if "2" in r.text)
    for mark in marks:
        assert abs(mark.rect["y"] - row.rect["y"]) < 20
        fill = reader.ask("return getComputedStyle(arguments[0]).fill", mark)
        assert fill == reader.colour("crash")


def test_what_has_not_failed_is_folded(reader: ReportReader) -> None:
    open_tests = {test.get_attribute("id") for test in reader.shown(".test[open]")}
    assert open_tests == {
        f"test_it.py::{n}" for n in ("test_crash", "test_wrong_word", "test_same[0]")
    }
    assert not reader.shown(".timeline", reader.test("test_kept"))

    kept = reader.unfold("test_kept")
    assert reader.shown(".timeline .barlayer .point path", kept)
    assert "a status: 12 ms" in kept.text


def test_tests_are_found(reader: ReportReader) -> None:
    reader.one("#filter input").send_keys("same [3]")
    reader.until("return document.querySelector('#filter output').value === '1 of 9 tests'")
    assert [test.get_attribute("id") for test in reader.shown(".test")] == [
        "test_it.py::test_same[3]"
    ]

    reader.one("#filter input").clear()
    Select(reader.one("#filter select")).select_by_visible_text("skipped")
    reader.until("return document.querySelector('#filter output').value === '1 of 9 tests'")
    (skipped,) = reader.shown(".test")
    assert "not today" in skipped.text


def test_a_cause_leads_to_its_test(reader: ReportReader) -> None:
    link = next(a for a in reader.shown(".cause a") if a.text == "test_it.py::test_same[2]")
    link.click()

    reader.until("return arguments[0].open", reader.test("test_same[2]"))
    top = reader.ask("return arguments[0].getBoundingClientRect().top", reader.test("test_same[2]"))
    assert 0 <= top < 400
    assert "the same words" in reader.test("test_same[2]").text


def test_nothing_is_wider_than_the_screen(reader: ReportReader) -> None:
    for name in ("test_crash", "test_wrong_word", "test_kept"):
        reader.unfold(name)

    assert reader.ask("return document.documentElement.scrollWidth <= innerWidth")
    wide = reader.ask(
        "return [...document.querySelectorAll('body *')].filter("
        "e => !e.closest('pre, .log, svg') && "
        "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []


TEXTS = (
    *("#verdict", ".cause h2", ".cause pre", "#run dt", "#run dd", ".promise small"),
    *(".test .failed", ".timeline text", "#bars .xtick text", ".log span", ".log .crash span"),
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(reader: ReportReader, scheme: str) -> None:
    reader.unfold("test_crash")

    reader.look_as(scheme=scheme)

    paper = reader.ask("return getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) < 0.1) == (scheme == "dark")
    reader.until(
        "return getComputedStyle(document.querySelector('.timeline text')).fill === "
        "getComputedStyle(document.body).color"
    )
    low = {text: ratio for text in TEXTS if (ratio := reader.contrast(text)) < CONTRAST}
    assert low == {}


def test_on_paper(reader: ReportReader) -> None:
    reader.unfold("test_crash")
    reader.look_as("print", "dark")

    assert reader.shown("#verdict") and len(reader.shown(".cause")) == 3
    assert reader.shown("#run") and reader.shown(".timeline .barlayer .point path")
    assert not reader.shown("form, .tools, .modebar, select, input")
    assert luminance(reader.ask("return getComputedStyle(document.body).backgroundColor")) == 1
    low = {text: ratio for text in TEXTS if (ratio := reader.contrast(text)) < CONTRAST}
    assert low == {}
    paper = base64.b64decode(reader.command("Page.printToPDF")["data"])
    assert paper.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", paper)) >= 2


def test_measures_of_this_run_and_the_last(reader: ReportReader) -> None:
    bars = reader.one("#bars")
    Select(reader.one("#group")).select_by_visible_text("sizes")
    reader.until("return arguments[0].textContent.includes('module good')", bars)
    assert len(reader.shown(".barlayer .point path", bars)) == 3  # a firmware and two modules

    points = reader.one("#trend").find_elements(By.CSS_SELECTOR, ".scatterlayer .point")
    fills = [reader.ask("return getComputedStyle(arguments[0]).fill", point) for point in points]
    assert fills == [reader.colour("switch"), reader.colour("crash")]
    Select(reader.one("#measure")).select_by_visible_text("a status: … ms")
    reader.until("return JSON.stringify(document.querySelector('#trend').data[0].y) === '[12,12]'")


def test_beside_another_report(reader: ReportReader, reports: Reports, tmp_path: Path) -> None:
    other = reader.one("#other")
    other.send_keys(str(reports.page))
    reader.until("return document.querySelector('#comparison').textContent.includes('no run.json')")

    other.send_keys(str(reports.run_before))
    reader.until("return document.querySelector('#comparison table')")
    rows = [row.text.split() for row in reader.shown("#comparison tr")]
    assert ["outcome", "test_it.py::test_crash", "passed", "failed"] in rows
    assert not any("test_kept" in " ".join(row) for row in rows)
    assert reader.ask("return document.documentElement.scrollWidth <= innerWidth")


def test_nothing_is_loaded(reader: ReportReader) -> None:
    reader.unfold("test_kept")

    assert reader.ask("return performance.getEntriesByType('resource').map(e => e.name)") == []


def test_a_large_run_opens_soon(
    blank: ReportReader, tmp_path: Path, size: tuple[int, int], figure: Callable[[str], None]
) -> None:
    """5,000 tests, of which every tenth has used a device."""
    log = [
        Moment(i / 100, "trace", f"HR {i + 1} {i * 10000} retire module={i}") for i in range(100)
    ]
    records = [
        TestRecord(f"x/test_{i % 100}.py::test_y[{i}]", "It works.", seconds=i / 7,
                   timeline=[] if i % 10 else log)
        for i in range(5000)
    ]  # fmt: skip
    run = Run("2030-01-01", 9.0, "sim", "python -m pytest", measures=measures(records, 9.0))
    page = tmp_path / "index.html"
    page.write_text(render_page(records, [run], Coverage()))

    blank.open(page.as_uri(), size)

    loaded = (
        blank.ask(
            "return performance.getEntriesByType('mark').find(m => m.name === 'tests')?.startTime"
        )
        / 1000
    )
    figure(
        f"a page of 5,000 tests: {page.stat().st_size / 1e6:.1f} MB, {loaded:.1f} s to its tests"
    )
    assert loaded < LOADED_SECONDS
    assert blank.one("#filter output").text == "5000 tests"
    blank.one("#filter input").send_keys("[4990]")
    blank.until("return document.querySelector('#filter output').value === '1 of 5000 tests'")
    (test,) = blank.shown(".test")
    blank.one("summary", test).click()
    blank.until("return arguments[0].querySelectorAll('.timeline .main-svg').length", test)
