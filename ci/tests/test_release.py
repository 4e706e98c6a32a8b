"""A release is made of what agrees and is committed, and has all its parts."""

import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOR_WHOM = ("acme", "https://example.org/acme/hotreload")
VERSION, COMPONENT_VERSION = "7.8.9", "1.2.3"
CHANGELOG, COMPONENT_CHANGELOG = "CHANGELOG.md", "component/hotreload/CHANGELOG.md"

pytestmark = pytest.mark.timeout(300, func_only=False)


@dataclass(frozen=True)
class Clone:
    """A clone of its own, with versions that agree."""

    folder: Path

    def git(self, *arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=me", "-c", "user.email=me@example.org", *arguments],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def edit(self, name: str, pattern: str, text: str) -> None:
        file = self.folder / name
        changed, count = re.subn(pattern, text, file.read_text(), count=1, flags=re.MULTILINE)
        assert count == 1
        file.write_text(changed)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=all")

    def release(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "ci" / "release", *arguments],
            env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone whose versions agree, all committed."""
    made = Clone(tmp_path / "clone")
    unwanted = shutil.ignore_patterns("build", ".git", ".cache", ".*_cache", "__pycache__")
    shutil.copytree(ROOT, made.folder, ignore=unwanted)
    made.edit("pyproject.toml", r'^version = ".*"$', f'version = "{VERSION}"')
    manifest = "component/hotreload/idf_component.yml"
    made.edit(manifest, r'^version: ".*"$', f'version: "{COMPONENT_VERSION}"')
    made.edit(CHANGELOG, r"^## \[[^]]*\]", f"## [{VERSION}]")
    made.edit(COMPONENT_CHANGELOG, r"^## \[[^]]*\]", f"## [{COMPONENT_VERSION}]")
    made.git("init", "--quiet")
    made.commit()
    return made


def test_a_release_has_all_its_parts(clone: Clone, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    (folder / "of-the-last-one").mkdir(parents=True)

    done = clone.release(*FOR_WHOM, folder)

    assert (done.returncode, done.stderr) == (0, "")
    made = [Path(line) for line in done.stdout.splitlines()[-3:]]
    assert [path.name for path in made] == [
        f"pytest_embedded_hotreload-{VERSION}-py3-none-any.whl",
        f"hotreload_{COMPONENT_VERSION}.tgz",
        "index.html",
    ]
    assert {*folder.iterdir()} == {*made[:2], folder / "docs"}
    wheel, archive, index = made
    names = zipfile.ZipFile(wheel).namelist()
    assert "pytest_embedded_hotreload/plugin.py" in names
    listed = subprocess.run(
        ["tar", "-tzf", archive], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "examples/basic/main/main.c" in [name.removeprefix("./") for name in listed]
    assert VERSION in (index.parent / "changes.html").read_text()
    assert [*clone.folder.glob("*.egg-info")] == []


@pytest.mark.parametrize(
    ("file", "pattern", "text", "told"),
    [
        (
            CHANGELOG,
            r"^## \[.*\]",
            "## [Unreleased]",
            f"CHANGELOG.md begins with Unreleased, and pyproject.toml has version {VERSION}",
        ),
        (
            COMPONENT_CHANGELOG,
            r"^## \[.*\]",
            "## [1.2.4]",
            f"{COMPONENT_CHANGELOG} begins with 1.2.4, and "
            f"component/hotreload/idf_component.yml has version {COMPONENT_VERSION}",
        ),
    ],
    ids=["unreleased", "another-version"],
)
def test_versions_that_do_not_agree(
    clone: Clone, tmp_path: Path, file: str, pattern: str, text: str, told: str
) -> None:
    clone.edit(file, pattern, text)
    clone.commit()

    done = clone.release(*FOR_WHOM, tmp_path / "release")

    assert done.returncode == 1
    assert done.stderr == f"ci/release: {told}: make them agree\n"
    assert not (tmp_path / "release").exists()


def test_what_is_not_committed(clone: Clone, tmp_path: Path) -> None:
    for name in ("notes.txt", "other notes.txt"):
        (clone.folder / name).write_text("for later")

    done = clone.release(*FOR_WHOM, tmp_path / "release")

    assert done.returncode == 1
    assert done.stderr == "ci/release: not all is committed: notes.txt: commit or remove it\n"


def test_a_release_is_for_somebody() -> None:
    done = subprocess.run([ROOT / "ci" / "release"], capture_output=True, text=True)
    told = "for whom? ci/release NAMESPACE URL [FOLDER], see ci/release --help"
    assert (done.returncode, done.stderr) == (1, f"ci/release: {told}\n")
