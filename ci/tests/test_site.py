"""The site is built by one command, loads nothing from elsewhere, and quotes what is there."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from mkdocs.exceptions import PluginError
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from ci import site_pages
from pytest_embedded_hotreload.browser import chromium

__all__ = ["chromium"]  # a fixture

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))

pytestmark = pytest.mark.timeout(300, func_only=False)


class Links(HTMLParser):
    """What a page loads, where it leads to, and its anchors."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value for name, value in attrs if value}
        self.anchors |= {named[key] for key in ("id", "name") if key in named}
        goes_to = named.get("href") or named.get("xlink:href")
        if tag == "a" and goes_to:
            self.leads.append(goes_to)
        elif tag == "link" and goes_to and named.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(goes_to)
        self.loads += [named[key] for key in ("src", "srcset", "data", "poster") if key in named]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built."""
    folder = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [ROOT / "ci" / "docs", folder],
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == str(folder / "index.html")
    return folder


@pytest.fixture(scope="module")
def links(site: Path) -> dict[Path, Links]:
    """The links of each page."""
    pages = set(site.rglob("*.html")) - {site / "404.html"}  # that one is for servers
    return {page: Links(page) for page in pages}


def test_nothing_is_loaded_from_elsewhere(site: Path, links: dict[Path, Links]) -> None:
    elsewhere = re.compile(r"(?:\w+:)?//")
    loaded = {
        address
        for page in links.values()
        for address in page.loads
        if elsewhere.match(address) and not address.startswith("data:")
    }
    for sheet in site.rglob("*.css"):
        named = re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')]+)", sheet.read_text("utf-8"))
        loaded |= {address for address in named if elsewhere.match(address)}
    assert loaded == set()
    # Material loads a program for these
    assert [page for page in links if 'class="mermaid"' in page.read_text("utf-8")] == []


def test_links_within_the_site_lead_somewhere(links: dict[Path, Links]) -> None:
    wrong = []
    for page, found in links.items():
        for address in found.leads + found.loads:
            target = urlsplit(address)
            if target.scheme or target.netloc:
                continue
            file = page.parent / unquote(target.path) if target.path else page
            reached = links.get(file.resolve())
            missing = target.fragment and reached and target.fragment not in reached.anchors
            # doxygen's own pages have menus that its program fills in
            if not file.exists() or (missing and "reference/c" not in str(page)):
                wrong.append(f"{page.name}: {address}")
    assert wrong == []


def test_what_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    """And so is a page that is in no menu."""
    clone = tmp_path / "clone"
    unwanted = shutil.ignore_patterns("build", ".git", ".cache", ".*_cache", "__pycache__")
    shutil.copytree(ROOT, clone, ignore=unwanted)
    page = clone / "docs" / "lanes.md"
    page.write_text(page.read_text() + "\n[nowhere](nowhere.md), [nobody](index.md#nobody)\n")
    (clone / "docs" / "left-out.md").write_text("# Left out\n")

    done = subprocess.run(
        [clone / "ci" / "docs", tmp_path / "site"],
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    for told in ("nowhere.md", "#nobody", "left-out.md"):
        assert re.search(rf"WARNING.*{told}|- {told}", done.stderr), done.stderr


def test_all_fixtures_markers_and_options_are_told(site: Path) -> None:
    page = (DOCS / "reference" / "fixtures.md").read_text()
    asked = re.findall(r"^<!-- fixtures: (.*) -->$", page, re.MULTILINE)
    assert sorted(name for names in asked for name in names.split()) == sorted(
        site_pages.fixtures()
    )

    package = ROOT / "harness" / "pytest_embedded_hotreload"
    told = (site / "reference" / "fixtures.html").read_text()
    marker = re.compile(r'"markers",\s*f?"(\w+)')
    ours = {name for file in package.rglob("*.py") for name in marker.findall(file.read_text())}
    assert {name for name in ours if f"@pytest.mark.{name}" not in told} == set()

    told = (site / "reference" / "options.html").read_text()
    option = re.compile(r'addoption\(\s*"(--[\w-]+)"')
    ours = {name for file in package.rglob("*.py") for name in option.findall(file.read_text())}
    assert len(ours) > 5
    assert {name for name in ours if f"<code>{name}" not in told} == set()


def test_the_c_api_is_there(site: Path) -> None:
    page = (site / "reference" / "c" / "hotreload_8h.html").read_text(encoding="utf-8")
    header = (ROOT / "component" / "hotreload" / "include" / "hotreload.h").read_text("utf-8")
    functions = re.findall(r"^\w[\w *]*?\b(hotreload_\w+)\(", header, re.MULTILINE)
    assert len(functions) > 10
    assert [name for name in functions if name not in page] == []


def quotations() -> Iterator[tuple[str, str, str]]:
    """Page, file and text of all that pages quote of files."""
    block = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
    for page in PAGES:
        for file, text in block.findall(page.read_text()):
            if file.startswith(("component/", "examples/", "harness/", "scenarios/")):
                yield page.name, file, text


def test_what_is_quoted_is_there() -> None:
    quoted = list(quotations())
    assert len(quoted) > 3
    assert [
        f"{page}: {file}" for page, file, text in quoted if text not in (ROOT / file).read_text()
    ] == []


@pytest.mark.parametrize("kind", ["fixtures", "markers"])
def test_what_does_not_exist_is_an_error(kind: str) -> None:
    page: Any = SimpleNamespace(file=SimpleNamespace(src_uri="page.md"))
    nothing: Any = None
    with pytest.raises(PluginError, match=rf"page.md: there are no {kind} nobody"):
        site_pages.on_page_markdown(f"<!-- {kind}: nobody -->", page, nothing, nothing)


@pytest.mark.nightly
def test_search_of_files(site: Path, chromium: webdriver.Chrome) -> None:
    """Opened without a server and without a network."""
    chromium.get(f"file://{site}/how-it-works.html")
    chromium.find_element(By.CSS_SELECTOR, "[name=query]").send_keys("seeded fault")
    found = WebDriverWait(chromium, 60).until(
        lambda browser: browser.find_elements(By.CSS_SELECTOR, ".md-search-result__link")
    )
    assert any("write-scenarios.html" in str(link.get_attribute("href")) for link in found)
    complaints: list[Any] = chromium.get_log("browser")  # type: ignore[no-untyped-call]
    assert complaints == []
