/*
 * newlib's configuration: what its configure script would have written.
 * Full formatted I/O (64-bit, floating point, C99), one reentrancy structure
 * per task, locks of the firmware's own, malloc left to the firmware.
 */
#ifndef __NEWLIB_H__
#define __NEWLIB_H__ 1

#include <_newlib_version.h>

#define _WANT_IO_C99_FORMATS 1
#define _WANT_IO_LONG_LONG 1
#define _WANT_IO_POS_ARGS 1

/* __getreent() and __retarget_lock_*() come from the firmware's kernel */
#define __DYNAMIC_REENT__ 1
#define _WANT_REENT_SMALL 1
#define _REENT_CHECK_VERIFY 1
#define _REENT_GLOBAL_ATEXIT 1
#define _RETARGETABLE_LOCKING 1

#define _MB_LEN_MAX 1
#define _LDBL_EQ_DBL 1

#define HAVE_INITFINI_ARRAY 1
#define _ATEXIT_DYNAMIC_ALLOC 1
#define _LITE_EXIT 1
#define _FVWRITE_IN_STREAMIO 1
#define _FSEEK_OPTIMIZATION 1
#define _UNBUF_STREAM_OPT 1
#define _HAVE_CC_INHIBIT_LOOP_TO_LIBCALL 1

#endif
