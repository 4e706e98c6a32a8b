// SPDX-License-Identifier: MIT
#pragma once

#include <lwip/if_api.h>
