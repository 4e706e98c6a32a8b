# Gives a shell (bash or zsh) this repository's `pytest`, and `board-bridge`, which puts Espressif's
# QEMU behind a serial port: source it, do not run it. For the lanes `esp32` and `board`, after
# ESP-IDF's own export.sh, whose Python it leaves as it is.
#   . ci/pytest.sh
# shellcheck shell=bash disable=SC2296

__hotreload_export() {
    local root
    root="$(CDPATH='' cd -P "$(dirname "${BASH_SOURCE[0]:-${(%):-%x}}")/.." && pwd)" || return 1
    "$root/ci/setup" --lane esp32 || return 1
    __hotreload_python="$(/usr/bin/python3 "$root/harness/pytest_embedded_hotreload/sim/sdk.py" venv)/bin/python" || return 1
    __hotreload_root=$root
    pytest() {
        "$__hotreload_python" -m pytest "$@"
    }
    board-bridge() {
        PYTHONPATH=$__hotreload_root/harness \
            "$__hotreload_python" -m pytest_embedded_hotreload.board.bridge "$@"
    }
}
__hotreload_export
