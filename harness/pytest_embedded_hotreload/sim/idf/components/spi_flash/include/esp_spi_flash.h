/* SPDX-License-Identifier: MIT */
/* name of before ESP-IDF v5 */
#pragma once

#include "spi_flash_mmap.h"
