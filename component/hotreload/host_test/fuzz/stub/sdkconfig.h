/* SPDX-License-Identifier: MIT */
/* No trace: millions of loads would print it. */
#pragma once
