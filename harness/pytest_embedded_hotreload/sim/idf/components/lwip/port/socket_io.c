// Sockets behind the POSIX calls that take any descriptor: close(), read(), write() and fcntl() of the C library
// find them through a table; select() and ioctl() are of use for nothing but sockets.
// SPDX-License-Identifier: MIT
#include "socket_io.h"

#include <stdarg.h>

#include "esp_private/fd_ops.h"
#include "lwip/sockets.h"

static const esp_fd_ops_t socket_ops = {
    .read = lwip_read,
    .write = lwip_write,
    .close = lwip_close,
    .fcntl = lwip_fcntl,
};

void socket_io_register(void)
{
    esp_fd_ops_register(LWIP_SOCKET_OFFSET, LWIP_SOCKET_OFFSET + MEMP_NUM_NETCONN - 1, &socket_ops);
}

int ioctl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);

    return lwip_ioctl(fd, command, argument);
}

int select(int limit, fd_set *readable, fd_set *writable, fd_set *failed, struct timeval *timeout)
{
    return lwip_select(limit, readable, writable, failed, timeout);
}
