/* SPDX-License-Identifier: MIT */
/* A release of ESP-IDF whose hashes are Mbed TLS's, where nothing else is asked for. */
#pragma once

#define ESP_IDF_VERSION_VAL(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))

#ifndef ESP_IDF_VERSION
#define ESP_IDF_VERSION ESP_IDF_VERSION_VAL(5, 5, 0)
#endif
