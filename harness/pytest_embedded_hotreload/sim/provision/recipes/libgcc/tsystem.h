/* the C library that libgcc may count on: none but this */
#pragma once
#include <float.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

void abort(void) __attribute__((noreturn));
