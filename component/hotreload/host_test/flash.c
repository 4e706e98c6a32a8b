/* SPDX-License-Identifier: MIT */
#include "flash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "esp_partition.h"
#include "esp_rom_crc.h"

static esp_partition_t partition = {.label = "hotreload", .address = 0x110000};
static uint8_t *cells;
static uint32_t operations_left;
static bool tearing; /* the next operation that lacks power happens in part */
static flash_torn_t torn;
static uint32_t operations_done;
static uint32_t mappings;
static uint32_t worn_out = UINT32_MAX;
static bool frozen;
static uint32_t reads_left;

void flash_create(uint32_t size, uint32_t erase_size)
{
    free(cells);
    cells = malloc(size);
    memset(cells, 0xff, size);
    partition.size = size;
    partition.erase_size = erase_size;
    partition.encrypted = false;
    operations_left = FLASH_OPERATIONS_UNLIMITED;
    operations_done = 0;
}

void flash_program_raw(uint32_t offset, const void *data, uint32_t size)
{
    uint32_t blocks = (size + partition.erase_size - 1) / partition.erase_size;
    assert(offset % partition.erase_size == 0);
    assert(offset + blocks * partition.erase_size <= partition.size);
    memset(cells + offset, 0xff, blocks * partition.erase_size);
    memcpy(cells + offset, data, size);
}

void flash_set_operations(uint32_t operations, flash_torn_t kind)
{
    operations_left = operations;
    tearing = true;
    torn = kind;
}

void flash_fail_read_at(uint32_t read)
{
    reads_left = read;
}

static bool read_fails(void)
{
    return reads_left > 0 && --reads_left == 0;
}

void flash_corrupt(uint32_t offset)
{
    cells[offset] ^= 0xff;
}

void flash_wear_out(uint32_t offset)
{
    worn_out = offset;
}

void flash_freeze(void)
{
    frozen = true;
}

void flash_encrypt(void)
{
    partition.encrypted = true;
}

uint32_t flash_operations_done(void)
{
    return operations_done;
}

uint32_t flash_mappings(void)
{
    return mappings;
}

void flash_save(FILE *file)
{
    fwrite(&partition, sizeof(partition), 1, file);
    fwrite(cells, 1, partition.size, file);
}

void flash_restore(FILE *file)
{
    esp_partition_t saved;
    size_t done = fread(&saved, sizeof(saved), 1, file);
    assert(done == 1);
    flash_create(saved.size, saved.erase_size);
    partition.encrypted = saved.encrypted;
    done = fread(cells, 1, saved.size, file);
    assert(done == saved.size);
}

/* How much of an operation happens: all, a part when the power goes, nothing afterwards. */
typedef enum {
    NOTHING,
    IN_PART,
    WHOLLY,
} extent_t;

static extent_t powered(void)
{
    if (operations_left > 0) {
        operations_left -= operations_left != FLASH_OPERATIONS_UNLIMITED;
        operations_done++;
        return WHOLLY;
    }
    extent_t extent = tearing ? IN_PART : NOTHING;
    tearing = false;
    return extent;
}

/* The bits of byte `at` of `size` that an operation changes. */
static uint8_t changed_bits(extent_t extent, size_t at, size_t size)
{
    if (extent != IN_PART) {
        return extent == WHOLLY ? 0xff : 0;
    }
    switch (torn) {
    case FLASH_TORN_HALF:
        return at < size / 2 ? 0xff : at == size / 2 ? 0x0f : 0;
    case FLASH_TORN_BITS:
        return 0xaa;
    default:
        return at / 16 % 2 ? 0xff : 0;
    }
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type,
                                                esp_partition_subtype_t subtype,
                                                const char *label)
{
    assert(type == ESP_PARTITION_TYPE_ANY && subtype == ESP_PARTITION_SUBTYPE_ANY);
    return cells != NULL && strcmp(label, partition.label) == 0 ? &partition : NULL;
}

esp_err_t esp_partition_read(const esp_partition_t *from, size_t offset, void *to, size_t size)
{
    assert(from == &partition && offset + size <= partition.size);
    if (read_fails()) {
        return ESP_FAIL;
    }
    memcpy(to, cells + offset, size);
    return ESP_OK;
}

esp_err_t esp_partition_write(const esp_partition_t *to, size_t offset, const void *from,
                              size_t size)
{
    assert(to == &partition && offset + size <= partition.size);
    if (frozen) {
        return ESP_OK;
    }
    extent_t extent = powered();
    for (size_t i = 0; i < size; i++) {
        uint8_t wanted = ((const uint8_t *)from)[i];
        uint8_t *cell = &cells[offset + i];
        /* programming clears bits: what is asked for needs an erase otherwise */
        assert(extent != WHOLLY || (*cell & wanted) == wanted);
        *cell &= wanted | (uint8_t)~changed_bits(extent, i, size);
        *cell = offset + i == worn_out && extent == WHOLLY ? 0 : *cell;
    }
    return extent == WHOLLY ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *from, size_t offset, size_t size)
{
    assert(from == &partition && offset + size <= partition.size);
    assert(offset % partition.erase_size == 0 && size % partition.erase_size == 0);
    extent_t extent = powered();
    for (size_t i = 0; i < size; i++) {
        cells[offset + i] |= changed_bits(extent, i, size);
    }
    return extent == WHOLLY ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_partition_mmap(const esp_partition_t *from, size_t offset, size_t size,
                             esp_partition_mmap_memory_t memory, const void **data,
                             esp_partition_mmap_handle_t *handle)
{
    assert(from == &partition && offset + size <= partition.size);
    assert(memory == ESP_PARTITION_MMAP_DATA);
    if (read_fails()) {
        return ESP_FAIL;
    }
    *data = cells + offset;
    *handle = 1;
    mappings++;
    return ESP_OK;
}

void esp_partition_munmap(esp_partition_mmap_handle_t handle)
{
    assert(handle == 1 && mappings > 0);
    mappings--;
}

uint32_t esp_rom_crc32_le(uint32_t crc, const uint8_t *buf, uint32_t len)
{
    crc = ~crc;
    for (uint32_t i = 0; i < len; i++) {
        crc ^= buf[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}
