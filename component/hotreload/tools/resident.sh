#!/bin/sh
# Has a run of the build tool done by the process that has started Ninja, where that offers it (see
# hotreload_loop/resident.py); where none does, or has another tool, starts it.
#
#     resident.sh PYTHON -B -S hotreload_module.py COMMAND ...

if [ -n "${HOTRELOAD_RESIDENT-}" ] &&
    printf '%s\n' $# "$@" >"/dev/fd/${HOTRELOAD_RESIDENT%,*}" &&
    read -r status <"/dev/fd/${HOTRELOAD_RESIDENT#*,}" &&
    [ "$status" != declined ]; then
    exit "$status"
fi
exec "$@"
