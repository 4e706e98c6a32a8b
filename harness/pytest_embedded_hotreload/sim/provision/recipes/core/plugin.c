/*
 * The core de212 for GNU binutils: a plug-in that the assembler, the linker
 * and objdump load when XTENSA_GNU_CONFIG names it.
 * The interface is include/xtensa-dynconfig.h of binutils 2.40; the
 * instruction set comes from QEMU's xtensa-modules.c.inc, linked beside.
 */
#include <stddef.h>
#include <stdint.h>

#include "core-isa.h"

/* literals go before the function that uses them, in its own section */
#define XSHAL_USE_ABSOLUTE_LITERALS 0
#define XSHAL_HAVE_TEXT_SECTION_LITERALS 1
#define XTHAL_ABI_WINDOWED 0
#define XTHAL_ABI_CALL0 1
#define XSHAL_ABI XTHAL_ABI_WINDOWED
/* newer than the core's header, all absent from de212 */
#ifndef XCHAL_HAVE_FP_POSTINC
#define XCHAL_HAVE_FP_POSTINC 0
#endif
#ifndef XCHAL_HAVE_MMU
#define XCHAL_HAVE_MMU 0
#endif

#define XTENSA_CONFIG_DEFINITION
#include "xtensa-dynconfig.h"

XTENSA_CONFIG_INSTANCE_LIST;
