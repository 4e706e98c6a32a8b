/* libgcc's target facts, which its configure script would have found out */
#pragma once
#define BITS_PER_UNIT 8
#define MIN_UNITS_PER_WORD 4
#define LIBGCC2_UNITS_PER_WORD 4
