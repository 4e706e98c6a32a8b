/* SPDX-License-Identifier: MIT */
#include "server/hr_connection.h"

#include <stdbool.h>
#include <unistd.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "server/hr_headers.h"
#include "sdkconfig.h"

/* drops what a client still sends */
#define DISMISS_STACK_SIZE 2048

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

static SemaphoreHandle_t ended;
static StaticSemaphore_t ended_storage;

void hr_connection_open(void)
{
    if (ended == NULL) {
        ended = xSemaphoreCreateBinaryStatic(&ended_storage);
    }
    atomic_store(&cancelled, false);
}

/* Either seen by hr_connection_shut(), which then waits for its end, or refused, also when fewer than
   `spare` would stay free. */
static esp_err_t claim(connection_t **claimed, size_t spare)
{
    esp_err_t err = ESP_ERR_NO_MEM;
    portENTER_CRITICAL(&lock);
    if (atomic_load(&cancelled)) {
        err = ESP_ERR_INVALID_STATE;
    }
    for (size_t i = 0; err == ESP_ERR_NO_MEM && i < HR_CONNECTION_MAX; i++) {
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

/* In place of the session's recv(): with it the server gives what it has of the body, and can not
   read, nor wait for, the rest. */
static int receive_nothing(httpd_handle_t server, int fd, char *buffer, size_t size, int flags)
{
    (void)server;
    (void)fd;
    (void)buffer;
    (void)size;
    (void)flags;
    return HTTPD_SOCK_ERR_TIMEOUT;
}

static void keep_from_socket(httpd_req_t *request)
{
    httpd_sess_set_recv_override(request->handle, httpd_req_to_sockfd(request), receive_nothing);
}

size_t hr_connection_pending(httpd_req_t *request, void *buffer, size_t size)
{
    keep_from_socket(request);
    int received = httpd_req_recv(request, buffer, size);
    return received > 0 && !hr_headers_stand_in() ? received : 0;
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
    keep_from_socket(request);
    return ESP_OK;
}

/* A failure ends the session, but is logged as one. While a part of the body is missing, ESP_OK does
   the same in silence: the server tries to skip the rest, and can not. */
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
    keep_from_socket(request);
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
    hr_headers_end();
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
