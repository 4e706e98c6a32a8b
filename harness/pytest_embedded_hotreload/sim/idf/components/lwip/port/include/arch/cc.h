// compiler and platform facts that lwIP asks for. Needs newlib's headers only: the lwIP library is
// compiled once per toolchain, apart from any firmware.
// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <sys/time.h>

#ifndef BYTE_ORDER
#define BYTE_ORDER LITTLE_ENDIAN
#endif

// newlib has ssize_t but hides its limit outside of POSIX mode; lwIP takes the macro as a sign of both
#ifndef SSIZE_MAX
#define SSIZE_MAX INT_MAX
#endif

#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_TIMEVAL_PRIVATE 0

// Debian's patches leave the sa_len fields of lwIP's own headers to the port; upstream's source ignores these
#define IP4ADDR_SOCKADDR_SET_LEN(address) ((address)->sin_len = sizeof(struct sockaddr_in))
#define IPADDR_SOCKADDR_GET_LEN(address) ((address)->sa.sa_len)

typedef unsigned int sys_prot_t;

uint32_t lwip_port_random(void);
void lwip_port_diag(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void lwip_port_assert_failed(const char *message, const char *file, int line);

#define LWIP_RAND() lwip_port_random()
#define LWIP_PLATFORM_DIAG(arguments) do { lwip_port_diag arguments; } while (0)
#define LWIP_PLATFORM_ASSERT(message) lwip_port_assert_failed(message, __FILE__, __LINE__)
