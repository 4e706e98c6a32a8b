/* Memory and flash. */
#include <string.h>

#include "esp_memory_utils.h"
#include "esp_partition.h"
#include "hotreload_probe_reply.h"
#include "probe.h"

#define CHUNK 1024

/* by aligned words: executable memory of the ESP32 takes no other access */
static void read_by_words(uint32_t address, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint32_t at = address + i;
        uint32_t word = *(volatile const uint32_t *)(uintptr_t)(at & ~3u);
        bytes[i] = (uint8_t)(word >> (8 * (at & 3u)));
    }
}

esp_err_t probe_handle_read(httpd_req_t *request)
{
    uint32_t address = hotreload_probe_query_number(request, "addr", 0);
    uint32_t left = hotreload_probe_query_number(request, "size", 0);
    uint8_t bytes[CHUNK];

    httpd_resp_set_type(request, "application/octet-stream");
    while (left > 0) {
        uint32_t size = left < sizeof(bytes) ? left : sizeof(bytes);
        read_by_words(address, bytes, size);
        esp_err_t err = httpd_resp_send_chunk(request, (const char *)bytes, (ssize_t)size);
        if (err != ESP_OK) {
            return err;
        }
        address += size;
        left -= size;
    }
    return httpd_resp_send_chunk(request, NULL, 0);
}

/* in one access where there is one of that size: others may look at the variable meanwhile */
static void write_whole(uint32_t address, const uint8_t *bytes, size_t size)
{
    void *to = (void *)(uintptr_t)address;
    if (size == 4 && address % 4 == 0) {
        uint32_t word;
        memcpy(&word, bytes, size);
        *(volatile uint32_t *)to = word;
    } else if (size == 2 && address % 2 == 0) {
        uint16_t half;
        memcpy(&half, bytes, size);
        *(volatile uint16_t *)to = half;
    } else {
        memcpy(to, bytes, size);
    }
}

/* addr=..: writes the body, at most a chunk, to data memory */
esp_err_t probe_handle_write(httpd_req_t *request)
{
    uint32_t address = hotreload_probe_query_number(request, "addr", 0);
    size_t size = request->content_len;
    uint8_t bytes[CHUNK];
    size_t received = 0;

    if (size == 0 || size > sizeof(bytes)) {
        return httpd_resp_send_err(request, HTTPD_400_BAD_REQUEST, "1 to 1024 bytes can be written");
    }
    if (!esp_ptr_byte_accessible((const void *)(uintptr_t)address)
        || !esp_ptr_byte_accessible((const void *)(uintptr_t)(address + size - 1))) {
        return httpd_resp_send_err(request, HTTPD_400_BAD_REQUEST, "not in data memory");
    }
    while (received < size) {
        int length = httpd_req_recv(request, (char *)bytes + received, size - received);
        if (length <= 0) {
            return ESP_FAIL;
        }
        received += (size_t)length;
    }
    write_whole(address, bytes, size);
    return hotreload_probe_send_result(request, ESP_OK);
}

/* label=..&offset=..&size=..: what a partition holds */
esp_err_t probe_handle_partition(httpd_req_t *request)
{
    char label[17];
    hotreload_probe_query_text(request, "label", label, sizeof(label));
    uint32_t offset = hotreload_probe_query_number(request, "offset", 0);
    uint32_t left = hotreload_probe_query_number(request, "size", 0);
    uint8_t bytes[CHUNK];

    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, label);
    if (partition == NULL) {
        return httpd_resp_send_err(request, HTTPD_404_NOT_FOUND, "no such partition");
    }
    httpd_resp_set_type(request, "application/octet-stream");
    while (left > 0) {
        uint32_t size = left < sizeof(bytes) ? left : sizeof(bytes);
        esp_err_t err = esp_partition_read(partition, offset, bytes, size);
        if (err == ESP_OK) {
            err = httpd_resp_send_chunk(request, (const char *)bytes, (ssize_t)size);
        }
        if (err != ESP_OK) {
            return err;
        }
        offset += size;
        left -= size;
    }
    return httpd_resp_send_chunk(request, NULL, 0);
}
