// Requests with bodies.
// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdlib.h>
#include <sys/param.h>

#include "esp_log.h"
#include "esp_partition.h"
#include "esp_rom_crc.h"
#include "server.h"

#define BUFFER_SIZE 4096

static const char *TAG = "network";

// reads the body to its end; the visitor may be NULL
typedef esp_err_t (*visitor_t)(void *context, const char *data, size_t length);

static esp_err_t receive_body(httpd_req_t *request, char *buffer, visitor_t visit, void *context)
{
    size_t received = 0;
    unsigned patience = query_number(request, "patience", 0);

    while (received < request->content_len) {
        int length = httpd_req_recv(request, buffer, BUFFER_SIZE);
        if (length == HTTPD_SOCK_ERR_TIMEOUT && patience > 0) {
            patience--;
            continue;
        }
        if (length <= 0) {
            ESP_LOGI(TAG, "body of %s ended after %u of %u: %d", request->uri, (unsigned)received,
                     (unsigned)request->content_len, length);
            if (length == HTTPD_SOCK_ERR_TIMEOUT) {
                httpd_resp_send_408(request);
            }
            return ESP_FAIL;
        }
        esp_err_t err = visit(context, buffer, (size_t)length);
        if (err != ESP_OK) {
            return err;
        }
        received += (size_t)length;
    }
    return ESP_OK;
}

static esp_err_t add_to_checksum(void *context, const char *data, size_t length)
{
    uint32_t *checksum = context;
    *checksum = esp_rom_crc32_le(*checksum, (const uint8_t *)data, (uint32_t)length);
    return ESP_OK;
}

static esp_err_t on_sum(httpd_req_t *request)
{
    uint32_t checksum = 0;
    char *buffer = malloc(BUFFER_SIZE);

    esp_err_t err = buffer ? receive_body(request, buffer, add_to_checksum, &checksum) : ESP_ERR_NO_MEM;
    free(buffer);
    if (err != ESP_OK) {
        return err;
    }
    return send_json(request, "{\"length\":%u,\"crc32\":%" PRIu32 "}", (unsigned)request->content_len, checksum);
}

static esp_err_t send_back(void *context, const char *data, size_t length)
{
    return httpd_resp_send_chunk(context, data, (ssize_t)length);
}

static esp_err_t on_echo(httpd_req_t *request)
{
    char *buffer = malloc(BUFFER_SIZE);

    httpd_resp_set_type(request, HTTPD_TYPE_OCTET);
    esp_err_t err = buffer ? receive_body(request, buffer, send_back, request) : ESP_ERR_NO_MEM;
    free(buffer);
    return err == ESP_OK ? httpd_resp_send_chunk(request, NULL, 0) : err;
}

// reads as much as the query says and leaves the rest to the server
static esp_err_t on_part(httpd_req_t *request)
{
    char byte;
    unsigned wanted = query_number(request, "bytes", 0);

    for (unsigned i = 0; i < wanted; i++) {
        if (httpd_req_recv(request, &byte, 1) != 1) {
            return ESP_FAIL;
        }
    }
    return send_json(request, "{\"read\":%u}", wanted);
}

static esp_err_t on_reject(httpd_req_t *request)
{
    httpd_resp_send_err(request, HTTPD_403_FORBIDDEN, "not for you");
    return ESP_FAIL;
}

// --- to flash, block by block as it arrives

typedef struct {
    const esp_partition_t *partition;
    size_t offset;
    size_t erased;
} flash_writer_t;

static esp_err_t write_flash(void *context, const char *data, size_t length)
{
    flash_writer_t *writer = context;

    while (writer->erased < writer->offset + length) {
        esp_err_t err = esp_partition_erase_range(writer->partition, writer->erased, writer->partition->erase_size);
        if (err != ESP_OK) {
            return err;
        }
        writer->erased += writer->partition->erase_size;
    }
    esp_err_t err = esp_partition_write(writer->partition, writer->offset, data, length);
    writer->offset += length;
    return err;
}

static esp_err_t read_back(const flash_writer_t *writer, char *buffer, uint32_t *checksum)
{
    *checksum = 0;
    for (size_t offset = 0; offset < writer->offset; offset += BUFFER_SIZE) {
        size_t length = MIN(BUFFER_SIZE, writer->offset - offset);
        esp_err_t err = esp_partition_read(writer->partition, offset, buffer, length);
        if (err != ESP_OK) {
            return err;
        }
        add_to_checksum(checksum, buffer, length);
    }
    return ESP_OK;
}

static esp_err_t on_flash(httpd_req_t *request)
{
    uint32_t checksum = 0;
    flash_writer_t writer = {
        .partition = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, "scratch")};
    char *buffer = malloc(BUFFER_SIZE);

    esp_err_t err = writer.partition && buffer ? receive_body(request, buffer, write_flash, &writer) : ESP_ERR_NO_MEM;
    if (err == ESP_OK) {
        err = read_back(&writer, buffer, &checksum);
    }
    free(buffer);
    if (err != ESP_OK) {
        ESP_LOGE(TAG, "flash: %s", esp_err_to_name(err));
        return err;
    }
    return send_json(request, "{\"length\":%u,\"crc32\":%" PRIu32 "}", (unsigned)writer.offset, checksum);
}

void register_body_handlers(httpd_handle_t server)
{
    register_handler(server, HTTP_POST, "/sum", on_sum);
    register_handler(server, HTTP_PUT, "/sum", on_sum);
    register_handler(server, HTTP_POST, "/echo", on_echo);
    register_handler(server, HTTP_POST, "/part", on_part);
    register_handler(server, HTTP_POST, "/reject", on_reject);
    register_handler(server, HTTP_POST, "/flash", on_flash);
}
