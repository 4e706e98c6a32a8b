"""What the site has of other sources: a hook of MkDocs, which mkdocs.yml names.

The components' READMEs and the changelogs become pages, doxygen makes the C API, and pytest tells
of fixtures, markers and options where a page asks for them:

    <!-- fixtures: device devices -->
    <!-- markers: reload -->
    <!-- options -->
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
COMPONENT = ROOT / "component" / "hotreload"
#: pages, and the documents that they are
DOCUMENTS = {
    "component.md": COMPONENT / "README.md",
    "probe.md": ROOT / "component" / "hotreload_probe" / "README.md",
    "changes.md": ROOT / "CHANGELOG.md",
    "component-changes.md": COMPONENT / "CHANGELOG.md",
}
C_API = "reference/c"
#: a test file with the whole plugin and little else
TEST = "examples/basic/test_hotreload.py"
GROUP = "hot reload harness"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents, and what doxygen makes of the headers."""
    for page, document in DOCUMENTS.items():
        text = linked(document.read_text(encoding="utf-8"), document.parent)
        files.append(File.generated(config, page, content=indented_lists(text)))
    for name, content in c_api().items():
        files.append(File.generated(config, f"{C_API}/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in what pytest describes."""

    def filled(asked: re.Match[str]) -> str:
        kind, names = asked[1], (asked[2] or "").split()
        if kind == "options":
            return table("option", options())
        known = fixtures() if kind == "fixtures" else markers()
        unknown = [name for name in names if name not in known]
        if unknown:
            raise PluginError(f"{page.file.src_uri}: there are no {kind} {', '.join(unknown)}")
        return table(kind.removesuffix("s"), {known[n][0]: known[n][1] for n in names})

    asks = re.compile(r"^<!-- (fixtures|markers|options)(?:: ([^>]*))? -->$", re.MULTILINE)
    return asks.sub(filled, markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put drawings into the page, so that they have its colours."""

    def drawn(image: re.Match[str]) -> str:
        return (Path(config.docs_dir) / image[1]).read_text(encoding="utf-8")

    return re.sub(r'<img [^>]*src="(?:\.\./)*(assets/[\w-]+\.svg)"[^>]*>', drawn, html)


def linked(text: str, folder: Path) -> str:
    """A document with its links to others as those to their pages."""
    pages = {document: page for page, document in DOCUMENTS.items()}

    def to_page(link: re.Match[str]) -> str:
        target = (folder / link[1]).resolve()
        return f"]({pages.get(target, link[1])}"

    return re.sub(r"\]\(([\w./-]+\.md)", to_page, text)


def indented_lists(text: str) -> str:
    """A document with blocks in its numbered lists where Python-Markdown looks for them."""
    items = re.compile(r"^\d+\. .*\n(?:(?: {3}.*)?\n)*", re.MULTILINE)
    return items.sub(lambda item: re.sub(r"^ {3}", " " * 4, item[0], flags=re.MULTILINE), text)


def table(heading: str, rows: Mapping[str, str]) -> str:
    """A table of names and what they are."""
    lines = [f"| {heading} | |", "|---|---|"]
    lines += [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in rows.items()]
    return "\n".join(lines)


@cache
def c_api() -> dict[str, bytes]:
    """The files that doxygen makes."""
    if shutil.which("doxygen") is None:
        raise PluginError("doxygen is not installed: run ci/setup --tests")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["doxygen"],
            cwd=COMPONENT,
            env={"DOCS_OUTPUT": folder, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise PluginError(f"doxygen: {done.stderr.strip()}")
        made = [path for path in Path(folder).rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in made}


@cache
def told_by_pytest(option: str) -> str:
    """What pytest says with an option, at a width where lines are whole."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", option, "-v", "-p", "no:cacheprovider", TEST],
        cwd=ROOT,
        env={"COLUMNS": "1000", "HOME": str(Path.home()), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise PluginError(f"pytest {option}: {done.stdout}{done.stderr}")
    return done.stdout


def fixtures() -> dict[str, tuple[str, str]]:
    """The plugin's fixtures: how each is called, and what it says about itself."""
    part = re.compile(
        r"^-+ fixtures defined from pytest_embedded_hotreload[\w.]* -+\n(.*?)(?=^-{3}|\Z)",
        re.M | re.S,
    )
    entry = re.compile(r"^(\w+)(?: \[\w+ scope\])? -- .*\n((?:    .*\n|\n)*)", re.MULTILINE)
    told = "".join(part.findall(told_by_pytest("--fixtures")))
    return {
        name: (name, prose(text)) for name, text in entry.findall(told) if not name.startswith("_")
    }


def markers() -> dict[str, tuple[str, str]]:
    """Markers: how each is written, and what it does."""
    entry = re.compile(r"^(@pytest\.mark\.(\w+).*?): (.*)$", re.MULTILINE)
    return {n: (written, text) for written, n, text in entry.findall(told_by_pytest("--markers"))}


def options() -> dict[str, str]:
    """The plugin's options, and what they do."""
    told = told_by_pytest("--help").partition(f"\n{GROUP}:\n")[2].partition("\n\n")[0]
    entry = re.compile(r"^  (-.*?)(?:  +|\n +)(\S.*)$", re.MULTILINE)
    return dict(entry.findall(told))


def prose(text: str) -> str:
    """A docstring as one cell of a table."""
    return "<br>".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))
