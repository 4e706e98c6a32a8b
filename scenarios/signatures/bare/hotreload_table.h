/* Stands for the header of the symbol table that the build of a firmware makes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern uint32_t hotreload_symbol_table[];
extern const char *const hotreload_symbol_names[];
extern const size_t hotreload_symbol_count;
