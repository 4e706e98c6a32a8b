"""From a save to the first call of the new code: by a reload, and by a new start.

The example's application, which calls its module every 10 ms here, and a change of one line of that
module. `hotreload watch` brings it into the running device. In a second copy of the project, which
has the same change, `hotreload run` builds what has changed, writes the image of the flash and
starts it.
"""

import re
import shutil
import time
from pathlib import Path

from benchmarks.plugin import Compare
from benchmarks.program import Program, hotreload
from benchmarks.results import Comparison
from pytest_embedded_hotreload.api import Lane
from pytest_embedded_hotreload.paths import COMPONENT, ROOT

CALLED = "greeting is now"
WHOLE = "save to first call"
SEEN = "the save is seen"
BUILD = "build"  # of a new start with the image of the flash
DEVICE = "upload and load, or boot"
RUNS = re.compile(r"([\d.]+) s after the save \(build ([\d.]+) s, device ([\d.]+) s\)")


class Project:
    """A copy of the example that can be edited."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "examples" / "basic"
        ignored = shutil.ignore_patterns("build", "sdkconfig", "__pycache__")
        shutil.copytree(ROOT / "examples" / "basic", self.folder, ignore=ignored)
        (folder / "component").symlink_to(COMPONENT.parent)
        main = self.folder / "main" / "main.c"
        main.write_text(main.read_text().replace("PERIOD_MS 1000", "PERIOD_MS 10"))
        self._source = self.folder / "components" / "reloadable" / "reloadable.c"
        self._text = self._source.read_text()

    def save(self, greeting: str) -> float:
        """Change the greeting; when that was."""
        self._source.write_text(self._text.replace('"Hello"', f'"{greeting}"'))
        return time.time()

    def run(self, lane: Lane, *options: str) -> Program:
        return hotreload("run", "-C", self.folder, "--lane", lane.name, *options)


def bench_loop(compare: Compare, rounds: int, lane: Lane, tmp_path: Path) -> None:
    times = compare("a change of one line", "s")
    reloaded, started = Project(tmp_path / "reloaded"), Project(tmp_path / "started")
    with started.run(lane) as first:
        first.expect(CALLED)
    with reloaded.run(lane) as console:
        console.expect(CALLED)
        with hotreload("watch", "-C", reloaded.folder) as watch:
            watch.expect("Ctrl-C ends this")
            for number in range(rounds):
                reload(times, reloaded, f"Hello {number}", console, watch)
                start(times, started, f"Hello {number}", lane)


def reload(
    times: Comparison, project: Project, greeting: str, console: Program, watch: Program
) -> None:
    saved = project.save(greeting)
    called, _ = console.expect(f'{CALLED} "{greeting}"')
    found = RUNS.search(watch.expect("s after the save")[1])
    assert found is not None
    known, build, device = map(float, found.groups())
    times.add(WHOLE, "reload", called - saved)
    times.add(SEEN, "reload", known - build - device)
    times.add(BUILD, "reload", build)
    times.add(DEVICE, "reload", device)


def start(times: Comparison, project: Project, greeting: str, lane: Lane) -> None:
    saved = project.save(greeting)
    with project.run(lane, "--json") as run:
        built, _ = run.expect('"started"')
        called, _ = run.expect(f'{CALLED} "{greeting}"')
    times.add(WHOLE, "new start", called - saved)
    times.add(BUILD, "new start", built - saved)
    times.add(DEVICE, "new start", called - built)
