/* Memory, heaps and tasks as the device sees them. */
#include <stdlib.h>

#include "esp_heap_caps.h"
#include "esp_memory_utils.h"
#include "esp_partition.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "probe.h"

#define MAX_TASKS 24

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
    uint32_t address = probe_query_number(request, "addr", 0);
    uint32_t left = probe_query_number(request, "size", 0);
    uint8_t bytes[1024];

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

/* label=..&offset=..&size=..: what a partition holds */
esp_err_t probe_handle_partition(httpd_req_t *request)
{
    char label[17];
    probe_query_text(request, "label", label, sizeof(label));
    uint32_t offset = probe_query_number(request, "offset", 0);
    uint32_t left = probe_query_number(request, "size", 0);
    uint8_t bytes[1024];

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

/* addr=..: what memory that is */
esp_err_t probe_handle_memory_kind(httpd_req_t *request)
{
    const void *address = (const void *)(uintptr_t)probe_query_number(request, "addr", 0);
    probe_reply_t reply = {0};
    probe_reply_add(&reply, "{\"executable\":%s,\"bytes\":%s,\"external\":%s}",
                    esp_ptr_executable(address) ? "true" : "false",
                    esp_ptr_byte_accessible(address) ? "true" : "false",
                    esp_ptr_external_ram(address) ? "true" : "false");
    return probe_reply_send(request, &reply);
}

esp_err_t probe_handle_heap(httpd_req_t *request)
{
    /* the idle task gives back what ended tasks had */
    vTaskDelay(2);
    /* taken before the reply has memory of its own */
    multi_heap_info_t data;
    multi_heap_info_t exec;
    heap_caps_get_info(&data, MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL);
    heap_caps_get_info(&exec, MALLOC_CAP_EXEC);
    if (!heap_caps_check_integrity_all(true)) {
        return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "heap overwritten");
    }
    probe_reply_t reply = {0};
    probe_reply_add(&reply,
                    "{\"data_free\":%u,\"data_largest\":%u,\"data_minimum\":%u,"
                    "\"data_blocks\":%u,\"exec_free\":%u,\"exec_largest\":%u,\"exec_blocks\":%u}",
                    (unsigned)data.total_free_bytes, (unsigned)data.largest_free_block,
                    (unsigned)data.minimum_free_bytes, (unsigned)data.allocated_blocks,
                    (unsigned)exec.total_free_bytes, (unsigned)exec.largest_free_block,
                    (unsigned)exec.allocated_blocks);
    return probe_reply_send(request, &reply);
}

esp_err_t probe_handle_tasks(httpd_req_t *request)
{
    TaskStatus_t *tasks = calloc(MAX_TASKS, sizeof(*tasks));
    if (tasks == NULL) {
        return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "no memory");
    }
    UBaseType_t count = uxTaskGetSystemState(tasks, MAX_TASKS, NULL);

    probe_reply_t reply = {0};
    probe_reply_add(&reply, "[");
    for (UBaseType_t i = 0; i < count; i++) {
        probe_reply_add(&reply, "%s{\"name\":\"%s\",\"stack_free\":%u}",
                        i == 0 ? "" : ",", tasks[i].pcTaskName,
                        (unsigned)tasks[i].usStackHighWaterMark);
    }
    probe_reply_add(&reply, "]");
    free(tasks);
    return probe_reply_send(request, &reply);
}
