"""What the documents say is what the sources have: options, errors, events, fields, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

COMPONENT = Path(__file__).resolve().parents[1]
README = (COMPONENT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (COMPONENT / "CHANGELOG.md").read_text(encoding="utf-8")
HEADERS = {path.name: path.read_text("utf-8") for path in (COMPONENT / "include").glob("*.h")}
SOURCES = {path.name: path.read_text("utf-8") for path in (COMPONENT / "src").rglob("*.c")}
MANIFEST = yaml.safe_load((COMPONENT / "idf_component.yml").read_text(encoding="utf-8"))


def section(title: str) -> str:
    """A section of the README, without its heading."""
    parts = re.split(r"^## (.+)\n", README, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


def rows(title: str) -> list[list[str]]:
    """The cells of the tables of a section, without headings."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0].startswith("`")]


def code(text: str) -> list[str]:
    """What is in backquotes."""
    return re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def test_releases_of_esp_idf_are_told_apart_in_one_file() -> None:
    asks = re.compile(r"\b(?:ESP_)?IDF_VERSION|\b__has_include\b|\bMBEDTLS_VERSION")
    files = [
        *COMPONENT.glob("src/**/*.[ch]"),
        *COMPONENT.glob("include/*.h"),
        *COMPONENT.glob("*.cmake"),
    ]
    files.append(COMPONENT / "CMakeLists.txt")
    assert {path.name for path in files if asks.search(path.read_text("utf-8"))} == {"hr_idf.h"}


# configuration


def entries() -> dict[str, str]:
    """The definitions in Kconfig that a user sees: options, and choices between some."""
    text = (COMPONENT / "Kconfig").read_text(encoding="utf-8")
    parts = re.split(r"^ *(config|choice) (\w+)\n", text, flags=re.MULTILINE)[1:]
    found = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {
        f"{kind} {name}": body
        for kind, name, body in found
        if re.search(r'^ *(?:int|bool|string|hex|prompt) "', body, re.MULTILINE)
    }


def options() -> dict[str, str]:
    """The options that a user can set, with their definitions."""
    return {
        f"CONFIG_{name.removeprefix('config ')}": body
        for name, body in entries().items()
        if name.startswith("config ")
    }


def documented_options() -> dict[str, str]:
    """Options in the table of the README, with their defaults."""
    return {name: row[1] for row in rows("Configuration") for name in code(row[0])}


def test_every_option_has_a_help_text() -> None:
    found = entries()
    assert len(found) > 5
    helpless = [name for name, text in found.items() if not re.search(r"^ +help\n +\S", text, re.M)]
    assert helpless == []


def test_every_option_is_in_the_readme() -> None:
    assert sorted(documented_options()) == sorted(options())


def test_defaults_of_the_options_are_those_of_the_readme() -> None:
    wrong = {}
    for name, text in options().items():
        default = re.search(r"^ +default (\S+)", text, re.MULTILINE)
        told = documented_options()[name].strip("`")
        if default and told != {"y": "on", "n": "off"}.get(default[1], default[1]):
            wrong[name] = f"{told} is {default[1]}"
    assert wrong == {}


def test_linker_fragment_names_sources_of_the_component() -> None:
    """A name that no object has is no error of the linker: its code stays in flash."""
    fragment = (COMPONENT / "ld" / "qemu_iram.lf").read_text(encoding="utf-8")
    own = re.findall(r"^ +(hr_\w+) \(noflash_text\)$", fragment, re.MULTILINE)
    assert len(own) > 20
    assert [name for name in own if f"{name}.c" not in SOURCES] == []


# errors


def test_errors_of_the_readme_are_those_of_the_header() -> None:
    codes = re.findall(
        r"#define (HOTRELOAD_ERR_\w+)\s+\(HOTRELOAD_ERR_BASE", HEADERS["hotreload.h"]
    )
    documented = [name for row in rows("Errors") for name in code(row[0])]
    assert sorted(documented) == sorted(codes)


# trace


def traced() -> dict[str, set[str]]:
    """The fields of each event that the sources trace."""
    found: dict[str, set[str]] = {}
    for text in SOURCES.values():
        for event, form in re.findall(
            r'(?:hr_trace|print)\("(\w+)",((?:\s*(?:"[^"]*"|PRI\w+))+)', text
        ):
            literal = "".join(re.findall(r'"([^"]*)"', form))
            found.setdefault(event, set()).update(re.findall(r"(\w+)=", literal))
    return found


def test_trace_of_the_readme_is_that_of_the_sources() -> None:
    documented = {name: row[1] for row in rows("Trace") for name in code(row[0])}
    assert sorted(documented) == sorted(traced())
    missing = {
        event: sorted(fields - set(code(documented[event])))
        for event, fields in traced().items()
        if fields - set(code(documented[event]))
    }
    assert missing == {}


def test_version_of_the_trace_format_is_told() -> None:
    source = (COMPONENT / "src" / "port" / "hr_trace.h").read_text(encoding="utf-8")
    version = re.search(r"#define HR_TRACE_VERSION (\d+)", source)
    assert version is not None
    assert f"`trace version={version[1]}`" in section("Trace")


# HTTP


def test_fields_of_answers_are_in_the_readme() -> None:
    sent = {key for text in SOURCES.values() for key in re.findall(r'\\"(\w+)\\":', text)}
    http = section("HTTP") + section("Who may upload")
    told = set(re.findall(r"\w+", " ".join(code(http)))) | set(re.findall(r'"(\w+)":', http))
    assert len(sent) > 15
    assert sorted(sent - told) == []


def test_endpoints_are_in_the_readme() -> None:
    served = {uri for text in SOURCES.values() for uri in re.findall(r'\.?uri = "(/[\w-]*)"', text)}
    documented = {row[0].strip("`") for row in rows("HTTP") if "/" in row[0]}
    assert documented == served


def test_statuses_of_errors_are_in_the_readme() -> None:
    told = section("HTTP") + section("Who may upload")
    sent = set(re.findall(r"\{\w+_ERR_\w+, HTTP_(\d+)\}", SOURCES["hr_answer.c"]))
    assert len(sent) > 5
    assert [status for status in sorted(sent) if status not in told] == []


# API


def test_functions_are_in_the_readme() -> None:
    functions = re.findall(r"^\w[\w *]*?\b(hotreload_\w+)\(", HEADERS["hotreload.h"], re.MULTILINE)
    assert len(functions) >= 10
    told = (
        section("C API")
        .replace("`..._", "`hotreload_register_")
        .replace("`hotreload_register_stop", "`hotreload_server_stop")
    )
    assert [name for name in functions if f"`{name}()`" not in told] == []


def test_events_are_in_the_readme() -> None:
    listing = re.search(
        r"typedef enum \{(.*?)\} hotreload_event_id_t", HEADERS["hotreload_event.h"], re.S
    )
    assert listing is not None
    events = re.findall(r"^ +(HOTRELOAD_EVENT_\w+)", listing[1], re.MULTILINE)
    assert [name for row in rows("Events") for name in code(row[0])] == events


# the package


def test_manifest_has_what_the_registry_wants() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert MANIFEST["license"] == "MIT"
    assert 10 < len(MANIFEST["description"]) <= 200
    assert MANIFEST["targets"] == ["esp32"]
    assert MANIFEST["dependencies"] == {"idf": ">=5.0"}


def test_manifest_leaves_out_what_is_for_development() -> None:
    left_out = MANIFEST["files"]["exclude"]
    for pattern in left_out:
        assert list(COMPONENT.glob(pattern.removesuffix("/**/*"))), f"{pattern} leaves out nothing"
    folders = {pattern.removesuffix("/**/*") for pattern in left_out}
    tests = {
        path.relative_to(COMPONENT).as_posix()
        for path in COMPONENT.rglob("*test*")
        if path.is_dir()
    }
    assert {
        path for path in tests if not any(path.startswith(folder) for folder in folders)
    } == set()


def test_changelog_begins_with_the_version_of_the_manifest() -> None:
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", CHANGELOG, re.MULTILINE)
    assert versions[0] == MANIFEST["version"]
    assert versions == sorted(versions, key=lambda v: [int(n) for n in v.split(".")], reverse=True)


def test_licence_comes_with_the_component() -> None:
    assert (COMPONENT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


# links


def anchors(text: str) -> set[str]:
    """The anchors that headings get."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", ["README.md", "CHANGELOG.md"])
def test_links_lead_somewhere(document: str) -> None:
    text = (COMPONENT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        assert not path or (COMPONENT / path).exists(), target
        assert not anchor or anchor in anchors(text if not path else (COMPONENT / path).read_text())


def test_every_section_is_in_the_contents() -> None:
    titles = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert re.findall(r"\]\(#([\w-]+)\)", README.partition("\n## ")[0]) == [
        title.lower().replace(" ", "-") for title in titles
    ]
