/* SPDX-License-Identifier: MIT */
/* A reboot: the program starts anew, with the flash and the RTC memory that it had. */
#pragma once

/* Runs the steps that are left after a reset for that reason (of esp_system.h). */
void reboot(int reason, char **steps);

/* Inverts one byte of the RTC memory, as a write that was cut off would leave it. */
void reboot_corrupt(unsigned offset);

/* What a program that was started by reboot() does first; `value` is that of its first step. */
void reboot_resume(const char *value);
