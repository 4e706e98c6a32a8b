/* SPDX-License-Identifier: MIT */
#include "esp_partition.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "esp_flash.h"
#include "esp_private/spi_flash_stack.h"
#include "partition_table.h"
#include "soc/sim_board.h"

struct esp_partition_iterator_opaque_ {
    esp_partition_type_t type;
    esp_partition_subtype_t subtype;
    const char *label;
    size_t next;
    const esp_partition_t *found;
};

/* all of the flash is mapped all the time; the block makes a mapping that is kept cost what it does
   in ESP-IDF: memory */
struct mapping {
    uint32_t address;
};

static bool matches(const struct esp_partition_iterator_opaque_ *wanted, const esp_partition_t *partition)
{
    if (wanted->type != ESP_PARTITION_TYPE_ANY && wanted->type != partition->type) {
        return false;
    }
    if (wanted->subtype != ESP_PARTITION_SUBTYPE_ANY && wanted->subtype != partition->subtype) {
        return false;
    }
    return wanted->label == NULL || strcmp(wanted->label, partition->label) == 0;
}

/* sets found to the next match, or to NULL */
static void advance(struct esp_partition_iterator_opaque_ *iterator)
{
    size_t count;
    const esp_partition_t *partitions = partition_table_get(&count);
    iterator->found = NULL;
    while (iterator->next < count && iterator->found == NULL) {
        const esp_partition_t *partition = &partitions[iterator->next++];
        if (matches(iterator, partition)) {
            iterator->found = partition;
        }
    }
}

esp_partition_iterator_t esp_partition_find(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                            const char *label)
{
    /* a subtype means something only together with its type */
    if (type == ESP_PARTITION_TYPE_ANY && subtype != ESP_PARTITION_SUBTYPE_ANY) {
        return NULL;
    }
    esp_partition_iterator_t iterator = malloc(sizeof(*iterator));
    if (iterator == NULL) {
        return NULL;
    }
    *iterator = (struct esp_partition_iterator_opaque_){.type = type, .subtype = subtype, .label = label};
    return esp_partition_next(iterator);
}

esp_partition_iterator_t esp_partition_next(esp_partition_iterator_t iterator)
{
    assert(iterator != NULL);
    advance(iterator);
    if (iterator->found == NULL) {
        esp_partition_iterator_release(iterator);
        return NULL;
    }
    return iterator;
}

const esp_partition_t *esp_partition_get(esp_partition_iterator_t iterator)
{
    assert(iterator != NULL);
    return iterator->found;
}

void esp_partition_iterator_release(esp_partition_iterator_t iterator)
{
    free(iterator);
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type,
                                                esp_partition_subtype_t subtype, const char *label)
{
    if (type == ESP_PARTITION_TYPE_ANY && subtype != ESP_PARTITION_SUBTYPE_ANY) {
        return NULL;
    }
    struct esp_partition_iterator_opaque_ iterator = {.type = type, .subtype = subtype, .label = label};
    advance(&iterator);
    return iterator.found;
}

const esp_partition_t *esp_partition_verify(const esp_partition_t *partition)
{
    assert(partition != NULL);
    struct esp_partition_iterator_opaque_ iterator = {
        .type = partition->type,
        .subtype = partition->subtype,
        .label = partition->label[0] != '\0' ? partition->label : NULL,
    };
    for (advance(&iterator); iterator.found != NULL; advance(&iterator)) {
        if (iterator.found->address == partition->address && iterator.found->size == partition->size) {
            return iterator.found;
        }
    }
    return NULL;
}

static esp_err_t check_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    assert(partition != NULL);
    if (offset > partition->size) {
        return ESP_ERR_INVALID_ARG;
    }
    return size > partition->size - offset ? ESP_ERR_INVALID_SIZE : ESP_OK;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t src_offset, void *dst, size_t size)
{
    esp_err_t err = check_range(partition, src_offset, size);
    if (err != ESP_OK) {
        return err;
    }
    return esp_flash_read(partition->flash_chip, dst, partition->address + src_offset, size);
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t dst_offset, const void *src,
                              size_t size)
{
    esp_err_t err = check_range(partition, dst_offset, size);
    if (err != ESP_OK) {
        return err;
    }
    return esp_flash_write(partition->flash_chip, src, partition->address + dst_offset, size);
}

esp_err_t esp_partition_read_raw(const esp_partition_t *partition, size_t src_offset, void *dst,
                                 size_t size)
{
    return esp_partition_read(partition, src_offset, dst, size);
}

esp_err_t esp_partition_write_raw(const esp_partition_t *partition, size_t dst_offset, const void *src,
                                  size_t size)
{
    return esp_partition_write(partition, dst_offset, src, size);
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    esp_err_t err = check_range(partition, offset, size);
    if (err != ESP_OK) {
        return err;
    }
    if (size % partition->erase_size != 0) {
        return ESP_ERR_INVALID_SIZE;
    }
    if (offset % partition->erase_size != 0) {
        return ESP_ERR_INVALID_ARG;
    }
    return esp_flash_erase_region(partition->flash_chip, partition->address + offset, size);
}

esp_err_t esp_partition_mmap(const esp_partition_t *partition, size_t offset, size_t size,
                             esp_partition_mmap_memory_t memory, const void **out_ptr,
                             esp_partition_mmap_handle_t *out_handle)
{
    esp_err_t err = check_range(partition, offset, size);
    if (err != ESP_OK) {
        return err;
    }
    if (out_ptr == NULL || out_handle == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    spi_flash_check_stack();
    uint32_t base = memory == ESP_PARTITION_MMAP_INST ? SIM_FLASH_EXEC_BASE : SIM_FLASH_BASE;
    struct mapping *mapping = malloc(sizeof(*mapping));
    if (mapping == NULL) {
        return ESP_ERR_NO_MEM;
    }
    mapping->address = base + partition->address + offset;
    *out_ptr = (const void *)mapping->address;
    *out_handle = (esp_partition_mmap_handle_t)mapping;
    return ESP_OK;
}

void esp_partition_munmap(esp_partition_mmap_handle_t handle)
{
    free((struct mapping *)handle);
}
