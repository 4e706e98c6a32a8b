"""`ci/setup` makes what is missing and nothing else, and says in one line what it cannot."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_embedded_hotreload.sim import sdk
from pytest_embedded_hotreload.sim.provision import debian, setup
from pytest_embedded_hotreload.sim.provision.steps import Step, StepError
from tests.provision.conftest import Checkout


def entries(cache: Path) -> set[str]:
    return {str(path.relative_to(cache)) for path in cache.glob("*/*")}


def test_a_second_run_does_nothing_and_takes_no_time(checkout: Checkout) -> None:
    before = entries(checkout.cache)
    started = os.times()
    done = checkout.setup()
    ended = os.times()
    assert done.stdout.startswith("set-up: nothing to do")
    assert done.stdout.count("\n") == 1
    assert entries(checkout.cache) == before
    # the processor's time, which a busy machine does not stretch
    used = ended.children_user + ended.children_system
    assert used - started.children_user - started.children_system < 1


@pytest.mark.parametrize("esp_lane", ["esp32", "board"])
def test_the_lanes_of_esp_idf_need_the_python_environment_alone(
    checkout: Checkout, tmp_path: Path, esp_lane: str
) -> None:
    other = Checkout(checkout.root, tmp_path / "other cache")
    (other.cache / "venv").mkdir(parents=True)
    for folder in (checkout.cache / "venv").iterdir():
        (other.cache / "venv" / folder.name).symlink_to(folder.resolve())
    before = entries(other.cache)
    # nothing of Debian is called, not even to ask what is installed
    (tmp_path / "bin").mkdir()
    for program in ("bash", "dirname"):
        (tmp_path / "bin" / program).symlink_to(f"/usr/bin/{program}")
    done = other.setup("--lane", esp_lane, PATH=str(tmp_path / "bin"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("set-up: nothing to do")
    assert entries(other.cache) == before


def test_a_python_that_was_fetched_is_used(checkout: Checkout) -> None:
    before = checkout.path_of("venv")
    fetched = checkout.cache / "python" / "bin" / "python3"
    fetched.parent.mkdir(parents=True)
    fetched.touch()
    answer = checkout.path_of("venv")
    assert answer != before and answer.endswith("run ci/setup")


def test_the_farm_needs_labgrid_alone(checkout: Checkout, tmp_path: Path) -> None:
    told = checkout.path_of("farm")
    assert told.endswith("run ci/setup --farm")
    farm = Path(told.partition("(")[2].partition(")")[0])
    other = Checkout(checkout.root, tmp_path / "other cache")
    made = other.cache / farm.relative_to(checkout.cache)
    made.mkdir(parents=True)
    (made / sdk.COMPLETE).touch()

    done = other.setup("--farm")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("set-up: nothing to do")
    assert other.path_of("farm") == str(made)
    assert {Path(name).parts[0] for name in entries(other.cache)} == {"farm"}
    lock = checkout.root / "ci" / "farm.lock"
    lock.write_text(lock.read_text() + "# changed\n")
    assert other.path_of("farm").endswith("run ci/setup --farm")


def test_a_changed_port_header_rebuilds_lwip_alone(checkout: Checkout) -> None:
    options = checkout.root / sdk.LWIP_PORT.relative_to(sdk.REPOSITORY) / "lwipopts.h"
    options.write_text(options.read_text() + "/* changed */\n")
    before = entries(checkout.cache)
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    steps = [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert steps == ["lwIP"]
    made = {name for name in entries(checkout.cache) - before if "log" not in Path(name).parts[0]}
    assert {Path(name).parts[0] for name in made} == {"lwip"}
    assert checkout.setup().stdout.startswith("set-up: nothing to do")
    assert Path(checkout.path_of("lwip")).is_file()


def test_a_build_that_asks_for_lwip_makes_it_and_shows_the_compiler_s_words(
    checkout: Checkout,
) -> None:
    options = checkout.root / sdk.LWIP_PORT.relative_to(sdk.REPOSITORY) / "lwipopts.h"
    options.write_text(options.read_text() + "#error wrong option\n")
    first, *rest = checkout.path_of("lwip").splitlines()
    assert first == "sdk.py: liblwip.a does not compile"
    assert any("#error wrong option" in line for line in rest)
    assert "Traceback" not in "".join(rest)


@pytest.mark.parametrize(
    ("changed", "new"),
    [
        ("provision/recipes/newlib/newlib.h", {"sdk", "lwip"}),
        ("provision/recipes/sources.py", {"sdk", "lwip", "sources"}),
        ("idf/components/lwip/port/include/lwipopts.h", {"lwip"}),
        ("../../../requirements.lock", {"venv"}),
        ("provision/setup.py", set()),
    ],
)
def test_a_key_follows_what_its_folder_is_made_of(
    checkout: Checkout, changed: str, new: set[str]
) -> None:
    show = "import json; from pytest_embedded_hotreload.sim import sdk; "
    show += "kinds = ('sdk', 'lwip', 'sources', 'venv'); "
    show += "print(json.dumps({kind: getattr(sdk, kind + '_key')() for kind in kinds}))"

    def keys() -> dict[str, str]:
        done = checkout.run("env", "-C", checkout.root / "harness", "python3", "-c", show)
        answer: dict[str, str] = json.loads(done.stdout)
        return answer

    before = keys()
    file = checkout.root / sdk.HERE.relative_to(sdk.REPOSITORY) / changed
    file.write_text(file.read_text() + "\n")
    after = keys()
    assert {kind for kind in before if before[kind] != after[kind]} == new


def test_a_clone_without_setup_says_so_in_one_line(checkout: Checkout, tmp_path: Path) -> None:
    empty = Checkout(checkout.root, tmp_path / "empty cache")
    for what in ("sdk", "venv", "lwip"):
        answer = empty.path_of(what)
        assert answer.startswith("sdk.py: ") and answer.endswith("run ci/setup")
        assert "\n" not in answer


def test_a_cache_that_cannot_be_made_is_one_line(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = Checkout(checkout.root, tmp_path / "file" / "cache").setup()
    assert done.returncode == 1
    assert done.stderr.startswith("ci/setup: ")
    assert done.stderr.count("\n") == 1


def test_only_the_packages_that_are_not_there_are_missing() -> None:
    assert debian.missing_packages(["python3", "no-such-package"]) == ["no-such-package"]


def test_the_main_job_needs_no_compiler_of_the_host_tests() -> None:
    assert not set(debian.PACKAGES) & set(debian.TEST_PACKAGES)
    assert "setup_options" not in (sdk.REPOSITORY / "ci" / "reload").read_text()
    assert "setup_options=--tests\n" in (sdk.REPOSITORY / "ci" / "test").read_text()


def test_without_root_and_sudo_the_packages_to_ask_for_are_named(
    monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(sdk.ProvisionError) as caught:
        debian.install(["qemu-system-misc", "ninja-build"], step)
    assert str(caught.value).endswith("apt-get install qemu-system-misc ninja-build")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("E: Failed to fetch ... Temporary failure resolving 'mirror.example'", "no network"),
        ("Failed to establish a new connection: [Errno -3]", "no network"),
        ("tar: libgcc: Cannot write: No space left on device", "the disk is full"),
        ("E: Unable to locate package gcc-xtensa-lx106", "this Debian does not have it"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "a download is not what the lock"),
    ],
)
def test_a_failed_program_is_explained_in_one_line(
    said: str,
    meaning: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def fail(packages: object, steps: object) -> bool:
        raise StepError("it cannot be had", tmp_path / "a.log", ["before", said])

    monkeypatch.setattr(setup, "set_up", fail)
    assert setup.main([]) == 1
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith(f"ci/setup: it cannot be had: {meaning}")
    assert f"    {said}" in rest
    assert str(tmp_path / "a.log") in rest[-1]


def test_a_program_that_is_missing_is_named(step: Step) -> None:
    with pytest.raises(sdk.ProvisionError, match="no toolchain: there is no no-such-program"):
        step.run(["no-such-program"], "no toolchain")


def test_a_failing_program_s_last_lines_are_shown(step: Step) -> None:
    with pytest.raises(StepError) as caught:
        step.run(["sh", "-c", "seq 100; exit 3"], "it fails")
    assert caught.value.details[-2:] == ["99", "100"]
    assert "1\n2\n" in caught.value.log.read_text()


def test_a_disk_that_is_too_small_is_said_before_it_is_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "FREE_SPACE_WANTED", 10**18)
    with pytest.raises(sdk.ProvisionError, match="MB free"):
        setup._check_space(tmp_path / "cache")


def test_help_changes_nothing(checkout: Checkout, tmp_path: Path) -> None:
    empty = Checkout(checkout.root, tmp_path / "empty cache")
    done = empty.run(checkout.root / "ci" / "setup", "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: ci/setup")
    assert not empty.cache.exists()


@pytest.fixture
def apt(tmp_path: Path) -> Callable[[str, str], Path]:
    """An /etc/apt with one file of sources."""

    def write(name: str, text: str) -> Path:
        file = tmp_path / "apt" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return tmp_path / "apt"

    return write


def test_mirrors_in_the_new_format_are_read(apt: Callable[[str, str], Path]) -> None:
    folder = apt(
        "sources.list.d/debian.sources",
        "Types: deb\n# a comment\nURIs: http://mirror.example/debian\n"
        "Suites: bookworm bookworm-updates\nComponents: main\n\n"
        "Types: deb\nURIs: http://other.example\nSuites: nodistro\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n",
    )
    stanzas, lines = debian.source_entries(folder, "bookworm")
    assert lines == []
    assert stanzas == [
        "Types: deb-src\nURIs: http://mirror.example/debian\n"
        "Suites: bookworm bookworm-updates\nComponents: main"
    ]


def test_mirrors_in_the_old_format_are_read(apt: Callable[[str, str], Path]) -> None:
    folder = apt(
        "sources.list",
        "# deb http://commented.example/debian bookworm main\n"
        "deb [signed-by=/a.gpg] http://mirror.example/debian bookworm main contrib\n"
        "deb-src http://mirror.example/debian bookworm main\n"
        "deb http://other.example stretch-pgdg main\n",
    )
    stanzas, lines = debian.source_entries(folder, "bookworm")
    assert stanzas == []
    assert lines == [
        "deb-src [signed-by=/a.gpg] http://mirror.example/debian bookworm main contrib"
    ]


@pytest.mark.parametrize(
    ("has", "wanted"),
    [
        ("trixie trixie-updates", "bookworm bookworm-updates"),
        ("trixie-security", "bookworm-security"),
        ("stable", "bookworm"),
        ("bookworm/updates", "bookworm/updates"),
    ],
)
def test_sources_are_of_one_release_whichever_the_machine_has(
    apt: Callable[[str, str], Path], has: str, wanted: str
) -> None:
    mirror = "URIs: http://mirror.example/debian\nComponents: main"
    apt("sources.list.d/debian.sources", f"Types: deb\nSuites: {has}\n{mirror}\n")
    first = has.split()[0]
    folder = apt("sources.list", f"deb  http://mirror.example/debian {first} main\n")
    codename = "bookworm" if has.startswith("bookworm") else "trixie"

    stanzas, lines = debian.source_entries(folder, codename)

    assert stanzas == [f"Types: deb-src\nSuites: {wanted}\n{mirror}"]
    assert lines == [f"deb-src http://mirror.example/debian {wanted.split()[0]} main"]
