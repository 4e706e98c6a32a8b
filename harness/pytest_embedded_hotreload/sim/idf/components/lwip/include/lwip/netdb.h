// SPDX-License-Identifier: MIT
#pragma once

#include_next "lwip/netdb.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline struct hostent *gethostbyname(const char *name)
{
    return lwip_gethostbyname(name);
}

static inline int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                              struct addrinfo **result)
{
    return lwip_getaddrinfo(node, service, hints, result);
}

static inline void freeaddrinfo(struct addrinfo *list)
{
    lwip_freeaddrinfo(list);
}

#ifdef __cplusplus
}
#endif
