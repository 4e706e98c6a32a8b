"""A comparison that failed reads as a sentence."""

import re
from dataclasses import dataclass

from pytest_embedded_hotreload.sentences import columns, compare, in_words, nearest
from tests.conftest import NestedPytest


@dataclass(frozen=True)
class Hook:
    kind: str
    fn: int


def name(address: int) -> str | None:
    return "hook_a" if address == 0x6000826C else None


def test_lists_side_by_side() -> None:
    got = [("pre", "a", 3), ("pre", "b", 2)]
    wanted = [("pre", "a", 3), ("pre", "b", 1), ("post", "a", 3)]

    assert compare(got, wanted) == [
        "2 of 3 entries differ, first entry 1: pre b 2, not pre b 1",
        "     got      expected",
        "   0 pre a 3  pre a 3",
        ">  1 pre b 2  pre b 1",
        ">  2          post a 3",
    ]


def test_addresses_in_lists_have_names() -> None:
    got, wanted = [Hook("pre", 0x6000826C)], [Hook("pre", 0x60008270)]

    assert columns(got, wanted, name)[2:] == [">  0 pre hook_a  pre 0x60008270"]


def test_words() -> None:
    assert in_words(1819043190) == "1819043190 (0x6c6c6576, 'vell')"
    assert in_words(0x6000826C, name) == "1610646124 (0x6000826c, hook_a)"
    assert compare(1819043190, 17) == ["1819043190 (0x6c6c6576, 'vell') == 17"]
    assert compare(3, 17) is None
    assert compare(True, 1 << 20) is None
    assert compare("a", "b") is None


@dataclass(frozen=True)
class Inner:
    address: int
    size: int


@dataclass(frozen=True)
class Outer:
    loads: int
    text: Inner
    loaded: bool = True


def test_structures_by_the_fields_that_differ() -> None:
    got = Outer(3, Inner(0x6000826C, 40))
    wanted = Outer(4, Inner(0x60008270, 40))

    assert compare(got, wanted, name) == [
        "2 of 4 fields differ, first loads: 3, not 4",
        "                got                  expected",
        "  loads         3                    4",
        "  text.address  0x6000826c (hook_a)  0x60008270",
    ]


def test_structures_of_different_fields() -> None:
    got = {"text": {"address": "0x6000826c"}, "slots": [{"state": "valid"}], "more": 1}
    wanted = {"text": {"address": "0x60008270"}, "slots": [{"state": "tried"}, None]}

    assert compare(got, wanted, name) == [
        "4 of 4 fields differ, first text.address: 0x6000826c (hook_a), not 0x60008270",
        "                  got                  expected",
        "  text.address    0x6000826c (hook_a)  0x60008270",
        "  slots[0].state  'valid'              'tried'",
        "  slots[1]        -                    None",
        "  more            1                    -",
    ]


def test_structure_that_ought_to_have_nothing() -> None:
    headline, *_ = compare({"blocks": "3 more"}, {}, name) or [""]

    assert headline == "1 of 1 fields differ, first blocks: '3 more', not -"


def test_large_numbers_in_other_comparisons() -> None:
    assert compare(0x6000826C, 17, name, "<") == ["1610646124 (0x6000826c, hook_a) < 17"]
    assert compare(3, 17, name, "<") is None
    assert compare(Inner(1, 2), Inner(1, 2), name, "!=") is None


def test_unknown_names() -> None:
    assert nearest("answre", ["answer", "add"]) == ": did you mean 'answer'?"
    assert nearest("x", ["answer", "add"]) == ": there are add, answer"


def test_pytest_says_it(nested: NestedPytest) -> None:
    body = "def test_it():\n    assert [('pre', 1)] == [('pre', 2)]\n"
    body += "def test_field():\n    assert {'a': 1, 'b': 2} == {'a': 1, 'b': 3}\n"
    body += "def test_word():\n    assert 1819043190 == 17\n"

    said = nested.run(body).stdout

    assert ">  0 pre 1  pre 2" in said
    assert re.search(
        r"1 of 2 fields differ, first b: 2, not 3\nE +got  expected\nE +b  2    3\n", said
    )
    assert "1819043190 (0x6c6c6576, 'vell') == 17" in said
