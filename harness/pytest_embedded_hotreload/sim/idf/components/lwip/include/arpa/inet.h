// SPDX-License-Identifier: MIT
#pragma once

#include <lwip/sockets.h>
