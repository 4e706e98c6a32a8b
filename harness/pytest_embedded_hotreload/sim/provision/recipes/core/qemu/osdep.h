/* the little that xtensa-modules.c.inc wants of QEMU's header of this name */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ansidecl.h"

#define XTENSA_UNDEFINED -1
