# Sets up a shell (bash or zsh) for building with this ESP-IDF work-alike: source it, do not run it.
#   . harness/pytest_embedded_hotreload/sim/idf/export.sh
# ci/setup has to have been run, or hotreload doctor --install where the package is installed.

__idf_export() {
    local script="${BASH_SOURCE[0]:-${(%):-%x}}"
    local idf_path sdk venv
    idf_path="$(CDPATH='' cd "$(dirname "$script")" && pwd)" || return 1
    sdk="$(/usr/bin/python3 "$idf_path/../sdk.py" sdk)" || return 1
    venv="$(/usr/bin/python3 "$idf_path/../sdk.py" venv)" || return 1
    export IDF_PATH="$idf_path"
    export IDF_PYTHON_ENV_PATH="$venv"
    case ":$PATH:" in
        *":$venv/bin:$sdk/bin:$idf_path/tools:"*) ;;
        *) export PATH="$venv/bin:$sdk/bin:$idf_path/tools:$PATH" ;;
    esac
}
__idf_export
