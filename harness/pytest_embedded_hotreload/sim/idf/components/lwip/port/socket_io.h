// SPDX-License-Identifier: MIT
#pragma once

// makes the descriptors of sockets known to the C library
void socket_io_register(void);
