// Sockets inside of the board.
// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "esp_timer.h"
#include "sdkconfig.h"

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bound_udp_socket(uint16_t port)
{
    const struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool check_socket_loopback(const check_t *check)
{
    const struct sockaddr_in address = loopback(5000);
    char text[8] = "";
    int server = bound_udp_socket(5000);
    int client = socket(AF_INET, SOCK_DGRAM, 0);

    CHECK(server >= 0 && client >= 0);
    // descriptors of the C library and of sockets share their numbers, and read() and write() take both
    CHECK(server > STDERR_FILENO && server < FD_SETSIZE);
    CHECK_EQUAL(0, connect(client, (const struct sockaddr *)&address, sizeof(address)));
    CHECK_EQUAL(5, write(client, "hello", 5));

    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(server, &readable);
    struct timeval timeout = {.tv_sec = 1};
    CHECK_EQUAL(1, select(server + 1, &readable, NULL, NULL, &timeout));
    CHECK(FD_ISSET(server, &readable));
    CHECK_EQUAL(5, read(server, text, sizeof(text)));
    CHECK_EQUAL(0, strcmp("hello", text));

    // an address of two servers
    CHECK_EQUAL(-1, bound_udp_socket(5000));
    CHECK_EQUAL(0, close(client));
    CHECK_EQUAL(0, close(server));
    CHECK_EQUAL(-1, close(server));
    CHECK_EQUAL(EBADF, errno);

    struct addrinfo *list = NULL;
    CHECK_EQUAL(0, getaddrinfo("10.0.2.2", "80", NULL, &list));
    CHECK_EQUAL(htons(80), ((struct sockaddr_in *)list->ai_addr)->sin_port);
    freeaddrinfo(list);
    return true;
}

bool check_socket_timeouts(const check_t *check)
{
    const struct timeval timeout = {.tv_usec = 50 * 1000};
    struct timeval select_timeout = timeout;
    char byte;
    int fd = bound_udp_socket(5001);

    CHECK(fd >= 0);
    CHECK_EQUAL(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
    int64_t start = esp_timer_get_time();
    CHECK_EQUAL(-1, recv(fd, &byte, 1, 0));
    CHECK_EQUAL(EAGAIN, errno);
    int64_t waited = esp_timer_get_time() - start;
    CHECK(waited >= 50 * 1000 && waited < 500 * 1000);

    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(fd, &readable);
    start = esp_timer_get_time();
    CHECK_EQUAL(0, select(fd + 1, &readable, NULL, NULL, &select_timeout));
    waited = esp_timer_get_time() - start;
    CHECK(waited >= 50 * 1000 && waited < 500 * 1000);

    CHECK_EQUAL(-1, recv(fd, &byte, 1, MSG_DONTWAIT));
    CHECK_EQUAL(EAGAIN, errno);
    CHECK_EQUAL(0, close(fd));
    return true;
}

// of CONFIG_LWIP_MAX_SOCKETS, which have the highest descriptors
static int count_open_sockets(void)
{
    int count = 0;
    for (int fd = FD_SETSIZE - CONFIG_LWIP_MAX_SOCKETS; fd < FD_SETSIZE; fd++) {
        count += fcntl(fd, F_GETFL, 0) >= 0;
    }
    return count;
}

static int open_all_sockets(int *fds)
{
    int count = 0;
    while (count < CONFIG_LWIP_MAX_SOCKETS && (fds[count] = socket(AF_INET, SOCK_DGRAM, 0)) >= 0) {
        count++;
    }
    return count;
}

// the error for too many is no crash, and everything can be had again
bool check_socket_limits(const check_t *check)
{
    int fds[CONFIG_LWIP_MAX_SOCKETS];
    int open = count_open_sockets();

    CHECK(open >= 4);
    for (int round = 0; round < 3; round++) {
        int count = open_all_sockets(fds);
        int error = errno;
        for (int i = 0; i < count; i++) {
            CHECK_EQUAL(0, close(fds[i]));
        }
        CHECK_EQUAL(CONFIG_LWIP_MAX_SOCKETS - open, count);
        CHECK_EQUAL(ENFILE, error);
    }
    return true;
}

// what cannot be accepted is closed, and the next one can be
bool check_socket_accept_limit(const check_t *check)
{
    const struct sockaddr_in address = loopback(5002);
    int fds[CONFIG_LWIP_MAX_SOCKETS];
    char byte;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQUAL(0, bind(listener, (const struct sockaddr *)&address, sizeof(address)));
    CHECK_EQUAL(0, listen(listener, 2));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    int count = open_all_sockets(fds);
    CHECK_EQUAL(0, connect(client, (const struct sockaddr *)&address, sizeof(address)));
    CHECK_EQUAL(-1, accept(listener, NULL, NULL));
    CHECK_EQUAL(ENFILE, errno);
    CHECK_EQUAL(0, recv(client, &byte, 1, 0));
    CHECK_EQUAL(0, close(client));
    for (int i = 0; i < count; i++) {
        CHECK_EQUAL(0, close(fds[i]));
    }

    client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQUAL(0, connect(client, (const struct sockaddr *)&address, sizeof(address)));
    int accepted = accept(listener, NULL, NULL);
    CHECK(accepted >= 0);
    CHECK_EQUAL(0, close(accepted));
    CHECK_EQUAL(0, close(client));
    CHECK_EQUAL(0, close(listener));
    return true;
}
