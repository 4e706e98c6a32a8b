"""Where the sources of variants are found, and how the module's own are edited."""

from pathlib import Path

import pytest

from pytest_embedded_hotreload.errors import HarnessError, UnknownNameError
from pytest_embedded_hotreload.modules import Edited
from pytest_embedded_hotreload.variants import edit, find_source


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("modules/louder.c", "modules/odd/even.cpp", "tests/modules/quiet.c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def test_nearest_folder_that_has_it(tree: Path) -> None:
    test = tree / "tests" / "test_it.py"
    assert find_source("louder", test, tree) == tree / "modules" / "louder.c"
    assert find_source("odd/even", test, tree) == tree / "modules" / "odd" / "even.cpp"
    assert find_source("quiet", test, tree) == tree / "tests" / "modules" / "quiet.c"

    (tree / "tests" / "modules" / "louder.c").write_text("")
    assert find_source("louder", test, tree) == tree / "tests" / "modules" / "louder.c"


def test_folders_above_the_project_are_not_searched(tree: Path) -> None:
    with pytest.raises(UnknownNameError, match=rf"{tree}/tests/modules: did you mean 'quiet'"):
        find_source("quite", tree / "tests" / "test_it.py", tree / "tests")
    with pytest.raises(UnknownNameError, match=r"a folder modules beside .*/test_it.py: there is"):
        find_source("louder", tree / "odd" / "test_it.py", tree / "odd")


def test_only_what_is_edited_gets_another_text(tmp_path: Path) -> None:
    one, other = tmp_path / "one.c", tmp_path / "other.c"
    one.write_text("int one = 1;\n")
    other.write_text("int other = 2;\n")

    assert edit([one, other], {}) == [one, other]
    assert edit([one, other], {"= 2": "= 3"}) == [one, Edited(other, "int other = 3;\n")]
    assert edit([one, other], {"= 1": "= 7", "one = 7": "one = 8"})[0] == Edited(
        one, "int one = 8;\n"
    )


@pytest.mark.parametrize("old, times", [("int", 2), ("float", 0)])
def test_text_has_to_be_there_once(tmp_path: Path, old: str, times: int) -> None:
    sources = [tmp_path / "one.c", tmp_path / "other.c"]
    for source in sources:
        source.write_text(f"int {source.stem};\n")

    with pytest.raises(HarnessError, match=f"'{old}' is {times} times in one.c, other.c"):
        edit(sources, {old: "char"})
