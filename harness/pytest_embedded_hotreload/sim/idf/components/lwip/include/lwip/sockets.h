// lwIP's sockets under their BSD names. close(), read(), write() and fcntl() are the C library's, which knows
// sockets from port/socket_io.c.
// SPDX-License-Identifier: MIT
#pragma once

#include_next "lwip/sockets.h"
#include <fcntl.h>
#include <sys/select.h>
#include <unistd.h>
#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

int ioctl(int s, int command, ...);

static inline int socket(int domain, int type, int protocol)
{
    return lwip_socket(domain, type, protocol);
}

static inline int bind(int s, const struct sockaddr *name, socklen_t name_length)
{
    return lwip_bind(s, name, name_length);
}

static inline int listen(int s, int backlog)
{
    return lwip_listen(s, backlog);
}

static inline int accept(int s, struct sockaddr *address, socklen_t *address_length)
{
    return lwip_accept(s, address, address_length);
}

static inline int connect(int s, const struct sockaddr *name, socklen_t name_length)
{
    return lwip_connect(s, name, name_length);
}

static inline int shutdown(int s, int how)
{
    return lwip_shutdown(s, how);
}

static inline int closesocket(int s)
{
    return lwip_close(s);
}

static inline int getpeername(int s, struct sockaddr *name, socklen_t *name_length)
{
    return lwip_getpeername(s, name, name_length);
}

static inline int getsockname(int s, struct sockaddr *name, socklen_t *name_length)
{
    return lwip_getsockname(s, name, name_length);
}

static inline int getsockopt(int s, int level, int option, void *value, socklen_t *length)
{
    return lwip_getsockopt(s, level, option, value, length);
}

static inline int setsockopt(int s, int level, int option, const void *value, socklen_t length)
{
    return lwip_setsockopt(s, level, option, value, length);
}

static inline ssize_t recv(int s, void *buffer, size_t length, int flags)
{
    return lwip_recv(s, buffer, length, flags);
}

static inline ssize_t recvfrom(int s, void *buffer, size_t length, int flags, struct sockaddr *from,
                               socklen_t *from_length)
{
    return lwip_recvfrom(s, buffer, length, flags, from, from_length);
}

static inline ssize_t recvmsg(int s, struct msghdr *message, int flags)
{
    return lwip_recvmsg(s, message, flags);
}

static inline ssize_t send(int s, const void *data, size_t length, int flags)
{
    return lwip_send(s, data, length, flags);
}

static inline ssize_t sendto(int s, const void *data, size_t length, int flags, const struct sockaddr *to,
                             socklen_t to_length)
{
    return lwip_sendto(s, data, length, flags, to, to_length);
}

static inline ssize_t sendmsg(int s, const struct msghdr *message, int flags)
{
    return lwip_sendmsg(s, message, flags);
}

static inline int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    return lwip_poll(fds, count, timeout_ms);
}

static inline const char *inet_ntop(int family, const void *source, char *text, socklen_t size)
{
    return lwip_inet_ntop(family, source, text, size);
}

static inline int inet_pton(int family, const char *text, void *destination)
{
    return lwip_inet_pton(family, text, destination);
}

#ifdef __cplusplus
}
#endif
