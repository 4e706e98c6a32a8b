/* SPDX-License-Identifier: MIT */
/* file descriptors of components, such as sockets, behind read(), write() and close() */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* each returns -1 with errno set on failure */
typedef struct {
    ssize_t (*read)(int fd, void *buffer, size_t size);
    ssize_t (*write)(int fd, const void *buffer, size_t size);
    int (*close)(int fd);
    int (*fcntl)(int fd, int command, int arg);
} esp_fd_ops_t;

#define ESP_FD_RANGES_MAX 4

/* descriptors first to last (inclusive) belong to ops from now on; above 2 only */
void esp_fd_ops_register(int first, int last, const esp_fd_ops_t *ops);

/* NULL when nobody has the descriptor */
const esp_fd_ops_t *esp_fd_ops_find(int fd);

#ifdef __cplusplus
}
#endif
