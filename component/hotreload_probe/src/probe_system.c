/* Heaps and tasks as the device sees them. */
#include <stdlib.h>

#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload_probe_reply.h"
#include "probe.h"

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
    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply,
                              "{\"data_free\":%u,\"data_largest\":%u,\"data_minimum\":%u,"
                              "\"data_blocks\":%u,\"exec_free\":%u,\"exec_largest\":%u,\"exec_blocks\":%u}",
                              (unsigned)data.total_free_bytes, (unsigned)data.largest_free_block,
                              (unsigned)data.minimum_free_bytes, (unsigned)data.allocated_blocks,
                              (unsigned)exec.total_free_bytes, (unsigned)exec.largest_free_block,
                              (unsigned)exec.allocated_blocks);
    return hotreload_probe_reply_send(request, &reply);
}

#if configUSE_TRACE_FACILITY

#define MAX_TASKS 24

esp_err_t probe_handle_tasks(httpd_req_t *request)
{
    TaskStatus_t *tasks = calloc(MAX_TASKS, sizeof(*tasks));
    if (tasks == NULL) {
        return httpd_resp_send_err(request, HTTPD_500_INTERNAL_SERVER_ERROR, "no memory");
    }
    UBaseType_t count = uxTaskGetSystemState(tasks, MAX_TASKS, NULL);

    hotreload_probe_reply_t reply = {0};
    hotreload_probe_reply_add(&reply, "[");
    for (UBaseType_t i = 0; i < count; i++) {
        hotreload_probe_reply_add(&reply, "%s{\"name\":\"%s\",\"stack_free\":%u,\"priority\":%u}",
                                  i == 0 ? "" : ",", tasks[i].pcTaskName,
                                  (unsigned)tasks[i].usStackHighWaterMark,
                                  (unsigned)tasks[i].uxCurrentPriority);
    }
    hotreload_probe_reply_add(&reply, "]");
    free(tasks);
    return hotreload_probe_reply_send(request, &reply);
}

#else

esp_err_t probe_handle_tasks(httpd_req_t *request)
{
    return httpd_resp_send_err(request, HTTPD_404_NOT_FOUND,
                               "the list of tasks needs CONFIG_FREERTOS_USE_TRACE_FACILITY");
}

#endif
