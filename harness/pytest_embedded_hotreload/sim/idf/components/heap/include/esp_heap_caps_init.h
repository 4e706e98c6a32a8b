/* SPDX-License-Identifier: MIT */
#pragma once

/* makes the heaps; called once, by the start-up code */
void heap_caps_init(void);
