// Messages to the server's task. They come through a UDP socket of the loopback interface, because the task waits
// in select().
// SPDX-License-Identifier: MIT
#include <errno.h>

#include "esp_log.h"
#include "httpd_private.h"
#include "lwip/sockets.h"

static const char *TAG = "httpd_control";

// without a function: stop
typedef struct {
    httpd_work_fn_t work;
    void *argument;
} message_t;

static struct sockaddr_in control_address(const httpd_server_t *server)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(server->config.ctrl_port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

esp_err_t httpd_control_open(httpd_server_t *server)
{
    const struct sockaddr_in address = control_address(server);

    server->control_fd = socket(AF_INET, SOCK_DGRAM, 0);
    server->message_fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (server->control_fd >= 0 && server->message_fd >= 0 &&
        bind(server->control_fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        return ESP_OK;
    }
    ESP_LOGE(TAG, "control port %u: error in socket or bind (%d)", server->config.ctrl_port, errno);
    httpd_control_close(server);
    return ESP_FAIL;
}

void httpd_control_close(httpd_server_t *server)
{
    if (server->control_fd >= 0) {
        close(server->control_fd);
    }
    if (server->message_fd >= 0) {
        close(server->message_fd);
    }
}

static esp_err_t send_message(httpd_server_t *server, const message_t *message)
{
    const struct sockaddr_in address = control_address(server);

    ssize_t sent = sendto(server->message_fd, message, sizeof(*message), 0, (const struct sockaddr *)&address,
                          sizeof(address));
    if (sent != (ssize_t)sizeof(*message)) {
        ESP_LOGW(TAG, "failed to send to the server's task (%d)", errno);
        return ESP_FAIL;
    }
    return ESP_OK;
}

esp_err_t httpd_control_stop(httpd_server_t *server)
{
    return send_message(server, &(message_t){.work = NULL});
}

esp_err_t httpd_queue_work(httpd_handle_t handle, httpd_work_fn_t work, void *arg)
{
    if (!handle || !work) {
        return ESP_ERR_INVALID_ARG;
    }
    return send_message(handle, &(message_t){.work = work, .argument = arg});
}

void httpd_control_receive(httpd_server_t *server)
{
    message_t message;

    ssize_t length = recv(server->control_fd, &message, sizeof(message), 0);
    if (length != (ssize_t)sizeof(message)) {
        ESP_LOGW(TAG, "a message of %d bytes is ignored", (int)length);
        return;
    }
    if (message.work) {
        message.work(message.argument);
    } else {
        server->is_stopping = true;
    }
}
