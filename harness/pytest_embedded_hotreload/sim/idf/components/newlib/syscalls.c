/* SPDX-License-Identifier: MIT */
/* what the C library calls for input, output and processes */
#include <errno.h>
#include <fcntl.h>
#include <reent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "esp_private/console.h"
#include "esp_private/fd_ops.h"
#include "esp_private/panic_internal.h"
#include "freertos/FreeRTOS.h"

static struct {
    int first;
    int last;
    const esp_fd_ops_t *ops;
} s_ranges[ESP_FD_RANGES_MAX];

void esp_fd_ops_register(int first, int last, const esp_fd_ops_t *ops)
{
    for (int i = 0; i < ESP_FD_RANGES_MAX; i++) {
        if (!s_ranges[i].ops || s_ranges[i].first == first) {
            s_ranges[i].first = first;
            s_ranges[i].last = last;
            s_ranges[i].ops = ops;
            return;
        }
    }
    panic_abort("esp_fd_ops_register: too many ranges");
}

const esp_fd_ops_t *esp_fd_ops_find(int fd)
{
    for (int i = 0; i < ESP_FD_RANGES_MAX && s_ranges[i].ops; i++) {
        if (fd >= s_ranges[i].first && fd <= s_ranges[i].last) {
            return s_ranges[i].ops;
        }
    }
    return NULL;
}

static int fail(struct _reent *reent, int error)
{
    reent->_errno = error;
    return -1;
}

static bool is_output(int fd)
{
    return fd == STDOUT_FILENO || fd == STDERR_FILENO;
}

_ssize_t _write_r(struct _reent *reent, int fd, const void *data, size_t size)
{
    if (is_output(fd)) {
        console_write(data, size);
        return (_ssize_t)size;
    }
    const esp_fd_ops_t *ops = esp_fd_ops_find(fd);
    return ops ? ops->write(fd, data, size) : fail(reent, EBADF);
}

static _ssize_t read_stdin(struct _reent *reent, char *data, size_t size)
{
    size_t count = console_read(data, size);
    return count > 0 || size == 0 ? (_ssize_t)count : fail(reent, EWOULDBLOCK);
}

_ssize_t _read_r(struct _reent *reent, int fd, void *data, size_t size)
{
    if (fd == STDIN_FILENO) {
        return read_stdin(reent, data, size);
    }
    const esp_fd_ops_t *ops = esp_fd_ops_find(fd);
    return ops ? ops->read(fd, data, size) : fail(reent, EBADF);
}

int _close_r(struct _reent *reent, int fd)
{
    if (fd >= 0 && fd <= STDERR_FILENO) {
        return 0;
    }
    const esp_fd_ops_t *ops = esp_fd_ops_find(fd);
    return ops ? ops->close(fd) : fail(reent, EBADF);
}

int _fcntl_r(struct _reent *reent, int fd, int command, int arg)
{
    if (fd == STDIN_FILENO && command == F_GETFL) {
        return O_RDONLY | O_NONBLOCK;
    }
    if (is_output(fd) && command == F_GETFL) {
        return O_WRONLY;
    }
    if ((fd == STDIN_FILENO || is_output(fd)) && command == F_SETFL) {
        return 0;
    }
    const esp_fd_ops_t *ops = esp_fd_ops_find(fd);
    return ops && ops->fcntl ? ops->fcntl(fd, command, arg) : fail(reent, ops ? ENOSYS : EBADF);
}

int _fstat_r(struct _reent *reent, int fd, struct stat *status)
{
    if (fd < 0 || (fd > STDERR_FILENO && !esp_fd_ops_find(fd))) {
        return fail(reent, EBADF);
    }
    *status = (struct stat){.st_mode = fd > STDERR_FILENO ? S_IFSOCK : S_IFCHR};
    return 0;
}

int _isatty_r(struct _reent *reent, int fd)
{
    if (fd >= 0 && fd <= STDERR_FILENO) {
        return 1;
    }
    reent->_errno = ENOTTY;
    return 0;
}

/* there is no file system */

int _open_r(struct _reent *reent, const char *path, int flags, int mode)
{
    (void)path;
    (void)flags;
    (void)mode;
    return fail(reent, ENOENT);
}

_off_t _lseek_r(struct _reent *reent, int fd, _off_t offset, int whence)
{
    (void)fd;
    (void)offset;
    (void)whence;
    return fail(reent, ESPIPE);
}

int _unlink_r(struct _reent *reent, const char *path)
{
    (void)path;
    return fail(reent, ENOENT);
}

int _link_r(struct _reent *reent, const char *from, const char *to)
{
    (void)from;
    (void)to;
    return fail(reent, ENOENT);
}

int _rename_r(struct _reent *reent, const char *from, const char *to)
{
    (void)from;
    (void)to;
    return fail(reent, ENOENT);
}

int _stat_r(struct _reent *reent, const char *path, struct stat *status)
{
    (void)path;
    (void)status;
    return fail(reent, ENOENT);
}

/* the one process there is */

int _getpid_r(struct _reent *reent)
{
    (void)reent;
    return 1;
}

int _kill_r(struct _reent *reent, int pid, int signal)
{
    (void)pid;
    (void)signal;
    return fail(reent, ESRCH);
}

void _exit(int status)
{
    (void)status;
    abort();
}

/* POSIX names; weak are those that also take sockets when lwIP is in the firmware */

__attribute__((weak)) ssize_t read(int fd, void *data, size_t size)
{
    return _read_r(__getreent(), fd, data, size);
}

__attribute__((weak)) ssize_t write(int fd, const void *data, size_t size)
{
    return _write_r(__getreent(), fd, data, size);
}

__attribute__((weak)) int close(int fd)
{
    return _close_r(__getreent(), fd);
}

int open(const char *path, int flags, ...)
{
    return _open_r(__getreent(), path, flags, 0);
}

off_t lseek(int fd, off_t offset, int whence)
{
    return _lseek_r(__getreent(), fd, offset, whence);
}

int fstat(int fd, struct stat *status)
{
    return _fstat_r(__getreent(), fd, status);
}

int isatty(int fd)
{
    return _isatty_r(__getreent(), fd);
}

__attribute__((weak)) int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    int arg = va_arg(args, int);
    va_end(args);
    return _fcntl_r(__getreent(), fd, command, arg);
}

int fsync(int fd)
{
    (void)fd; /* write() returns when the transmitter has it all */
    return 0;
}

pid_t getpid(void)
{
    return _getpid_r(__getreent());
}
