/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdio.h>

#define ESP_LOGE(tag, format, ...) printf("E %s: " format "\n", tag, ##__VA_ARGS__)
