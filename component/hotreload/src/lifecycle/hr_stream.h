/* SPDX-License-Identifier: MIT */
/* Updates that the application gives: what the public functions of hotreload.h do. */
#pragma once

#include "hotreload.h"

esp_err_t hr_stream_begin(const char *partition_label, size_t elf_size,
                          hotreload_update_t **update);
esp_err_t hr_stream_write(hotreload_update_t *update, const void *data, size_t size);
esp_err_t hr_stream_end(hotreload_update_t *update);
esp_err_t hr_stream_abort(hotreload_update_t *update);

/* hotreload_update_partition() */
esp_err_t hr_stream_whole(const char *partition_label, const void *elf_data, size_t elf_size);
