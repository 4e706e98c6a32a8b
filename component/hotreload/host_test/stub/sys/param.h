/* SPDX-License-Identifier: MIT */
#pragma once

#define MIN(a, b) ((a) < (b) ? (a) : (b))
