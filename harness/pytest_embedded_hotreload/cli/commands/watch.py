"""`hotreload watch`: a reload after each save."""

from __future__ import annotations

import contextlib

from pytest_embedded_hotreload.cli.options import (
    HERE,
    TIMEOUT,
    BuildDir,
    Json,
    KeyFile,
    Project,
    Timeout,
    Url,
    build_folder,
)


def watch(
    url: Url = None,
    project: Project = HERE,
    build_dir: BuildDir = None,
    key_file: KeyFile = None,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> None:
    """Reload after each save of a source or header of the module, until Ctrl-C."""
    from hotreload_loop.build import Build
    from hotreload_loop.cycle import Cycle
    from pytest_embedded_hotreload.cli.idf import find_work_alike
    from pytest_embedded_hotreload.cli.output import EventLines

    folder = build_folder(project, build_dir)
    find_work_alike(folder)
    cycle = Cycle(Build.open(folder), url, timeout, key_file)
    with contextlib.ExitStack() as stack:
        if as_json:
            told, complained = EventLines("told"), EventLines("error")
            stack.enter_context(contextlib.redirect_stdout(told))
            stack.enter_context(contextlib.redirect_stderr(complained))
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        cycle.watch()
