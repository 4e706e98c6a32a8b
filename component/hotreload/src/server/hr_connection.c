/* SPDX-License-Identifier: MIT */
#include "server/hr_connection.h"

#include <stdbool.h>
#include <unistd.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "hotreload.h"
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
static httpd_handle_t own;

static SemaphoreHandle_t ended;
static StaticSemaphore_t ended_storage;

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
   the same in silence: the server tries to skip the rest, of which hr_headers.h gives it nothing. */
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
