/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "esp_newlib.h"

/* newlib's, private to it */
extern void __sinit(struct _reent *reent);

void esp_reent_init(struct _reent *reent)
{
    memset(reent, 0, sizeof(*reent));
    _REENT_INIT_PTR_ZEROED(reent);
    /* one set of streams for all tasks: else each would buffer, and lock, for itself */
    reent->_stdin = _GLOBAL_REENT->_stdin;
    reent->_stdout = _GLOBAL_REENT->_stdout;
    reent->_stderr = _GLOBAL_REENT->_stderr;
    reent->__sdidinit = 1;
}

void esp_reent_cleanup(struct _reent *reent)
{
    /* frees what was allocated for the task; the streams live on */
    reent->__sdidinit = 0;
    _reclaim_reent(reent);
}

void esp_newlib_init(void)
{
    __sinit(_GLOBAL_REENT);
}
