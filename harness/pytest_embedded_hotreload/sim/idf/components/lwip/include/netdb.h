// SPDX-License-Identifier: MIT
#pragma once

// found relative to this file, the wrapper would be taken for what it wraps: hence no quotes
#include <lwip/netdb.h>
