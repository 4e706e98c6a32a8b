/* SPDX-License-Identifier: MIT */
#include "server/hr_connection.h"

#include <stdbool.h>
#include <string.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <unistd.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "sdkconfig.h"

/* drops what a client still sends */
#define DISMISS_STACK_SIZE 2048

/* In place of a body: the first bytes of one that has a length, and all of one in chunks, which is
   over with it (RFC 9112 section 7.1). */
static const char stand_in[] = "0\r\n\r\n";
static size_t stood_in; /* bytes of it that were given */

/* for the headers that are being received, microseconds of esp_timer; 0: none are */
static int64_t deadline;

/* the headers end with an empty line */
static enum {
    BEFORE, /* empty lines in front of a request count for nothing (RFC 9112 section 2.2) */
    IN_LINE,
    AT_LINE_START, /* a carriage return or nothing behind a line feed */
    ENDED,
} position;

typedef struct {
    bool used;
    bool left; /* the server has nothing to do with it any more */
    int fd;
    TaskHandle_t task;
    hr_connection_serve_t serve; /* NULL: only close it */
    void *context;
} connection_t;

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static connection_t connections[HR_CONNECTION_MAX];
static atomic_bool cancelled = true;
static httpd_handle_t own;

static SemaphoreHandle_t ended;
static StaticSemaphore_t ended_storage;

/* How many of these bytes are headers. */
static size_t follow(const char *data, size_t size)
{
    size_t i = 0;
    for (; i < size && position != ENDED; i++) {
        if (data[i] == '\n' && position != BEFORE) {
            position = position == AT_LINE_START ? ENDED : AT_LINE_START;
        } else if (data[i] != '\n' && data[i] != '\r') {
            position = IN_LINE;
        }
    }
    return i;
}

/* What lies behind the headers stays in the socket: a body is read by who wants it, and the next
   request is read in its turn. */
static int receive_headers(int fd, char *buffer, size_t size)
{
    static const atomic_bool never;
    hr_socket_t socket = {.fd = fd, .cancelled = &never};
    size_t seen;
    if (deadline == 0) {
        deadline = esp_timer_get_time() + CONFIG_HOTRELOAD_RECV_TIMEOUT_MS * 1000LL;
    }
    switch (hr_socket_peek(&socket, buffer, size, deadline, &seen)) {
    case ESP_OK:
        return recv(fd, buffer, follow(buffer, seen), 0);
    case ESP_ERR_TIMEOUT:
        return HTTPD_SOCK_ERR_TIMEOUT;
    default:
        return HTTPD_SOCK_ERR_FAIL;
    }
}

static int give_stand_in(char *buffer, size_t size)
{
    size_t given = MIN(size, sizeof(stand_in) - 1 - stood_in);
    memcpy(buffer, stand_in + stood_in, given);
    stood_in += given;
    return given > 0 ? (int)given : HTTPD_SOCK_ERR_TIMEOUT;
}

/* In place of the session's recv(). */
static int receive(httpd_handle_t server, int fd, char *buffer, size_t size, int flags)
{
    (void)server;
    (void)flags;
    return position == ENDED ? give_stand_in(buffer, size) : receive_headers(fd, buffer, size);
}

esp_err_t hr_connection_accept(httpd_handle_t server, int fd)
{
    return httpd_sess_set_recv_override(server, fd, receive);
}

void hr_connection_end_headers(void)
{
    deadline = 0;
    position = BEFORE;
    stood_in = 0;
}

void hr_connection_open(httpd_handle_t server)
{
    if (ended == NULL) {
        ended = xSemaphoreCreateBinaryStatic(&ended_storage);
    }
    own = server;
    atomic_store(&cancelled, false);
}

bool hr_connection_owns(httpd_handle_t server)
{
    return server == own;
}

/* Either seen by hr_connection_shut(), which then waits for its end, or refused, also when fewer than
   `spare` would stay free. */
static esp_err_t claim(connection_t **claimed, size_t spare)
{
    esp_err_t err = HOTRELOAD_ERR_CONNECTIONS;
    portENTER_CRITICAL(&lock);
    if (atomic_load(&cancelled)) {
        err = ESP_ERR_INVALID_STATE;
    }
    for (size_t i = 0; err == HOTRELOAD_ERR_CONNECTIONS && i < HR_CONNECTION_MAX; i++) {
        if (!connections[i].used && spare-- == 0) {
            connections[i] = (connection_t) {.used = true};
            *claimed = &connections[i];
            err = ESP_OK;
        }
    }
    portEXIT_CRITICAL(&lock);
    return err;
}

static void release(connection_t *connection)
{
    portENTER_CRITICAL(&lock);
    connection->used = false;
    portEXIT_CRITICAL(&lock);
    xSemaphoreGive(ended);
}

static bool any_used(void)
{
    bool used = false;
    portENTER_CRITICAL(&lock);
    for (size_t i = 0; i < HR_CONNECTION_MAX; i++) {
        used = used || connections[i].used;
    }
    portEXIT_CRITICAL(&lock);
    return used;
}

void hr_connection_shut(void)
{
    portENTER_CRITICAL(&lock);
    atomic_store(&cancelled, true);
    portEXIT_CRITICAL(&lock);
    while (any_used()) {
        xSemaphoreTake(ended, portMAX_DELAY);
    }
}

static void run(void *argument)
{
    connection_t *connection = argument;
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY); /* until the server has let go of it */
    hr_socket_t socket = {.fd = connection->fd, .cancelled = &cancelled};
    if (connection->serve != NULL) {
        connection->serve(&socket, connection->context);
    }
    hr_socket_close(&socket);
    release(connection);
    vTaskDelete(NULL);
}

esp_err_t hr_connection_take(httpd_req_t *request, uint32_t stack_size, hr_connection_serve_t serve,
                           void *context)
{
    connection_t *connection = NULL;
    /* refused clients, which are only to be closed, leave room for an upload */
    esp_err_t err = claim(&connection, serve == NULL ? 1 : 0);
    if (err != ESP_OK) {
        return err;
    }
    connection->fd = httpd_req_to_sockfd(request);
    connection->serve = serve;
    connection->context = context;
    if (xTaskCreate(run, "hotreload_conn", stack_size, connection,
                    CONFIG_HOTRELOAD_SERVER_PRIORITY, &connection->task) != pdPASS) {
        release(connection);
        return ESP_ERR_NO_MEM;
    }
    return ESP_OK;
}

/* A failure ends the session, but is logged as one. While a part of the body is missing, ESP_OK does
   the same in silence: the server tries to skip the rest, of which receive() gives it nothing. */
esp_err_t hr_connection_result(httpd_req_t *request)
{
    char dropped[64];
    int received;
    do {
        received = httpd_req_recv(request, dropped, sizeof(dropped));
    } while (received > 0);
    return received == HTTPD_SOCK_ERR_TIMEOUT ? ESP_OK : ESP_FAIL;
}

esp_err_t hr_connection_dismiss(httpd_req_t *request, const hr_answer_t *answer)
{
    httpd_resp_set_hdr(request, "Connection", "close");
    hr_answer_send(answer, request);
    if (hr_connection_take(request, DISMISS_STACK_SIZE, NULL, NULL) != ESP_OK) {
        hr_socket_drop_received(httpd_req_to_sockfd(request));
    }
    return hr_connection_result(request);
}

void hr_connection_close(httpd_handle_t server, int fd)
{
    (void)server;
    hr_connection_end_headers();
    for (size_t i = 0; i < HR_CONNECTION_MAX; i++) {
        connection_t *connection = &connections[i];
        if (connection->used && !connection->left && connection->fd == fd) {
            connection->left = true;
            xTaskNotifyGive(connection->task);
            return;
        }
    }
    close(fd);
}
