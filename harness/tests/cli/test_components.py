"""`hotreload components`: what a project needs to build, and nothing of what it has is lost."""

from pathlib import Path

from tests.cli.conftest import Hotreload

PARTS = ("hotreload/CMakeLists.txt", "hotreload/tools/hotreload.py", "hotreload_probe/Kconfig")


def test_components_are_copied_without_their_tests(hotreload: Hotreload, tmp_path: Path) -> None:
    done = hotreload("components", cwd=tmp_path)

    assert done.status == 0
    assert done.out.splitlines() == ["components/hotreload", "components/hotreload_probe"]
    assert [part for part in PARTS if not (tmp_path / "components" / part).is_file()] == []
    assert list((tmp_path / "components").rglob("test_*.py")) == []


def test_what_is_there_stays(hotreload: Hotreload, tmp_path: Path) -> None:
    own = tmp_path / "hotreload_probe" / "own.c"
    own.parent.mkdir()
    own.write_text("")

    done = hotreload("components", tmp_path, "--json")

    assert done.status == 2
    assert f"{own.parent} exists: remove it to have it copied again" in done.out + done.err
    assert sorted(tmp_path.iterdir()) == [own.parent]
    assert list(own.parent.iterdir()) == [own]
