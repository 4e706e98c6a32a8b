/* SPDX-License-Identifier: MIT */
#pragma once

/* reboot.c keeps it */
#define RTC_NOINIT_ATTR __attribute__((section("rtc_noinit")))
