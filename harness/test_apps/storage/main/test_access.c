/* SPDX-License-Identifier: MIT */
/* reading, writing and erasing: ranges, alignments, and what a NOR flash does not allow */
#include <stdlib.h>
#include <string.h>

#include "esp_flash.h"
#include "esp_heap_caps.h"
#include "esp_partition.h"
#include "scratch.h"
#include "spi_flash_mmap.h"
#include "unity.h"

#define SECTOR SPI_FLASH_SEC_SIZE

TEST_CASE("an erased partition reads as ones", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    scratch_assert_blank(partition, 0, partition->size);
}

TEST_CASE("an erased sector leaves its neighbours alone", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    const uint8_t marker[4] = {1, 2, 3, 4};
    for (size_t sector = 0; sector < 3; sector++) {
        TEST_ESP_OK(esp_partition_write(partition, sector * SECTOR, marker, sizeof(marker)));
        TEST_ESP_OK(esp_partition_write(partition, (sector + 1) * SECTOR - 4, marker, sizeof(marker)));
    }
    TEST_ESP_OK(esp_partition_erase_range(partition, SECTOR, SECTOR));
    scratch_assert_blank(partition, SECTOR, 4);
    scratch_assert_blank(partition, 2 * SECTOR - 4, 4);
    const size_t kept[] = {0, SECTOR - 4, 2 * SECTOR, 3 * SECTOR - 4};
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        uint8_t found[4];
        TEST_ESP_OK(esp_partition_read(partition, kept[i], found, sizeof(found)));
        TEST_ASSERT_EQUAL_HEX8_ARRAY(marker, found, sizeof(marker));
    }
}

TEST_CASE("any offset and length can be written and read", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    uint8_t data[40], found[40];
    size_t at = 0;
    for (size_t offset = 0; offset < 5; offset++) {
        for (size_t length = 0; length <= 33; length++) {
            /* the source is unaligned too */
            uint8_t *source = data + length % 4;
            for (size_t i = 0; i < length; i++) {
                source[i] = scratch_byte(length, i);
            }
            TEST_ESP_OK(esp_partition_write(partition, at + offset, source, length));
            memset(found, 0xaa, sizeof(found));
            TEST_ESP_OK(esp_partition_read(partition, at + offset, found + 1, length));
            TEST_ASSERT_EQUAL_HEX8(0xaa, found[0]);
            if (length > 0) {
                TEST_ASSERT_EQUAL_HEX8_ARRAY(source, found + 1, length);
            }
            TEST_ASSERT_EQUAL_HEX8(0xaa, found[1 + length]);
            scratch_assert_blank(partition, at, offset);
            scratch_assert_blank(partition, at + offset + length, 4);
            at += 64;
        }
    }
}

TEST_CASE("writes across the chip's write buffer are whole", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    static uint8_t data[5001];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = scratch_byte(1, i);
    }
    for (size_t step = 0; step < 5; step++) {
        size_t offset = step * 8192 + 2047 - step;
        TEST_ESP_OK(esp_partition_write(partition, offset, data, sizeof(data)));
        for (size_t i = 0; i < sizeof(data); i++) {
            uint8_t byte;
            TEST_ESP_OK(esp_partition_read(partition, offset + i, &byte, 1));
            TEST_ASSERT_EQUAL_HEX8(data[i], byte);
        }
        scratch_assert_blank(partition, offset - 1, 1);
        scratch_assert_blank(partition, offset + sizeof(data), 1);
    }
}

TEST_CASE("a whole partition can be written at once", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    size_t size = 128 * 1024;
    uint8_t *data = malloc(size);
    TEST_ASSERT_NOT_NULL(data);
    for (size_t i = 0; i < size; i++) {
        data[i] = scratch_byte(2, i);
    }
    esp_err_t first = esp_partition_write(partition, 0, data, size);
    esp_err_t second = esp_partition_write(partition, size, data, size);
    const uint8_t *mapped = NULL;
    esp_partition_mmap_handle_t handle;
    TEST_ESP_OK(esp_partition_mmap(partition, 0, partition->size, ESP_PARTITION_MMAP_DATA,
                                   (const void **)&mapped, &handle));
    int same = memcmp(mapped, data, size) == 0 && memcmp(mapped + size, data, size) == 0;
    esp_partition_munmap(handle);
    free(data);
    TEST_ESP_OK(first);
    TEST_ESP_OK(second);
    TEST_ASSERT_TRUE(same);
}

TEST_CASE("data in flash can be written to flash", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    for (size_t i = 0; i < 3000; i++) {
        uint8_t byte = scratch_byte(3, i);
        TEST_ESP_OK(esp_partition_write(partition, i, &byte, 1));
    }
    const void *mapped;
    esp_partition_mmap_handle_t handle;
    TEST_ESP_OK(esp_partition_mmap(partition, 0, 3000, ESP_PARTITION_MMAP_DATA, &mapped, &handle));
    TEST_ESP_OK(esp_partition_write(partition, SECTOR + 1, mapped, 3000));
    TEST_ASSERT_EQUAL_MEMORY(mapped, (const uint8_t *)mapped + SECTOR + 1, 3000);
    esp_partition_munmap(handle);
}

TEST_CASE("a bit can be cleared again without an erase", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    const uint8_t values[] = {0xff, 0xfe, 0x7e, 0x18, 0x18, 0x00};
    for (size_t i = 0; i < sizeof(values); i++) {
        uint8_t found;
        TEST_ESP_OK(esp_partition_write(partition, 7, &values[i], 1));
        TEST_ESP_OK(esp_partition_read(partition, 7, &found, 1));
        TEST_ASSERT_EQUAL_HEX8(values[i], found);
    }
}

TEST_CASE("a bit cannot be set without an erase", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    const uint32_t before = 0x12345678;
    const uint32_t after = 0x12345679;
    uint32_t found;
    TEST_ESP_OK(esp_partition_write(partition, 100, &before, sizeof(before)));
    TEST_ESP_ERR(ESP_ERR_INVALID_STATE, esp_partition_write(partition, 100, &after, sizeof(after)));
    TEST_ESP_OK(esp_partition_read(partition, 100, &found, sizeof(found)));
    TEST_ASSERT_EQUAL_HEX32(before, found);

    TEST_ESP_OK(esp_partition_erase_range(partition, 0, SECTOR));
    TEST_ESP_OK(esp_partition_write(partition, 100, &after, sizeof(after)));
}

TEST_CASE("reads beyond the partition are refused", "[access]")
{
    const esp_partition_t *partition = scratch_partition("scratch");
    uint8_t byte = 0x5a;
    TEST_ESP_OK(esp_partition_read(partition, partition->size, &byte, 0));
    TEST_ESP_OK(esp_partition_read(partition, partition->size - 1, &byte, 1));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_partition_read(partition, 0, NULL, 0));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_partition_write(partition, 0, NULL, 0));
    byte = 0x5a;
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE, esp_partition_read(partition, partition->size, &byte, 1));
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE, esp_partition_read(partition, 1, &byte, partition->size));
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE, esp_partition_read(partition, 8, &byte, SIZE_MAX - 4));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_partition_read(partition, partition->size + 1, &byte, 0));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_partition_read(partition, SIZE_MAX, &byte, 1));
    TEST_ASSERT_EQUAL_HEX8(0x5a, byte);
}

TEST_CASE("writes beyond the partition are refused", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    const esp_partition_t *next = scratch_erased("tasks");
    TEST_ASSERT_EQUAL_HEX32(partition->address + partition->size, next->address);
    const uint8_t data[2] = {0, 0};
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE, esp_partition_write(partition, partition->size - 1, data, 2));
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE, esp_partition_write(partition, 1, data, SIZE_MAX));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_partition_write(partition, partition->size + 1, data, 1));
    scratch_assert_blank(partition, partition->size - 1, 1);
    scratch_assert_blank(next, 0, 2);
}

TEST_CASE("erases that are not whole sectors are refused", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    const uint8_t zero = 0;
    TEST_ESP_OK(esp_partition_write(partition, 0, &zero, 1));
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE, esp_partition_erase_range(partition, 0, SECTOR - 1));
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE, esp_partition_erase_range(partition, 0, 4096));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_partition_erase_range(partition, 4096, SECTOR));
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE,
                 esp_partition_erase_range(partition, 0, partition->size + SECTOR));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG,
                 esp_partition_erase_range(partition, partition->size + SECTOR, SECTOR));
    TEST_ESP_OK(esp_partition_erase_range(partition, SECTOR, 0));
    uint8_t found;
    TEST_ESP_OK(esp_partition_read(partition, 0, &found, 1));
    TEST_ASSERT_EQUAL_HEX8(zero, found);
}

TEST_CASE("a partition smaller than a sector cannot be erased", "[access]")
{
    const esp_partition_t *partition = scratch_partition("small");
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE, esp_partition_erase_range(partition, 0, partition->size));
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE,
                 esp_partition_erase_range(partition, 0, partition->erase_size));
}

TEST_CASE("a mapping shows what is written later", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    const volatile uint8_t *mapped;
    esp_partition_mmap_handle_t handle;
    const uint8_t value = 0x42;
    TEST_ESP_OK(esp_partition_mmap(partition, SECTOR, SECTOR, ESP_PARTITION_MMAP_DATA,
                                   (const void **)&mapped, &handle));
    TEST_ASSERT_EQUAL_HEX8(0xff, mapped[3]);
    TEST_ESP_OK(esp_partition_write(partition, SECTOR + 3, &value, 1));
    TEST_ASSERT_EQUAL_HEX8(value, mapped[3]);
    TEST_ESP_OK(esp_partition_erase_range(partition, SECTOR, SECTOR));
    TEST_ASSERT_EQUAL_HEX8(0xff, mapped[3]);
    esp_partition_munmap(handle);
}

TEST_CASE("a mapping takes memory until it is given back", "[access]")
{
    const esp_partition_t *partition = scratch_partition("scratch");
    const void *mapped;
    esp_partition_mmap_handle_t handle;
    size_t before = heap_caps_get_free_size(MALLOC_CAP_8BIT);
    TEST_ESP_OK(esp_partition_mmap(partition, 0, 16, ESP_PARTITION_MMAP_DATA, &mapped, &handle));
    TEST_ASSERT_LESS_THAN(before, heap_caps_get_free_size(MALLOC_CAP_8BIT));
    esp_partition_munmap(handle);
    TEST_ASSERT_EQUAL(before, heap_caps_get_free_size(MALLOC_CAP_8BIT));
}

TEST_CASE("mappings beyond the partition are refused", "[access]")
{
    const esp_partition_t *partition = scratch_partition("scratch");
    const void *mapped;
    esp_partition_mmap_handle_t handle;
    TEST_ESP_ERR(ESP_ERR_INVALID_SIZE,
                 esp_partition_mmap(partition, SECTOR, partition->size, ESP_PARTITION_MMAP_DATA, &mapped,
                                    &handle));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG,
                 esp_partition_mmap(partition, partition->size + 1, 0, ESP_PARTITION_MMAP_DATA, &mapped,
                                    &handle));
}

/* entry a1, 32; movi a2, 42; retw: position-independent, and four-byte aligned where it is written */
static const uint8_t return_42[] = {0x36, 0x41, 0x00, 0x22, 0xa0, 0x2a, 0x90, 0x00, 0x00, 0, 0, 0};

TEST_CASE("code in flash can be called through an instruction mapping", "[access]")
{
    const esp_partition_t *partition = scratch_erased("scratch");
    const void *mapped;
    esp_partition_mmap_handle_t handle;
    TEST_ESP_OK(esp_partition_write(partition, 0, return_42, sizeof(return_42)));
    TEST_ESP_OK(esp_partition_mmap(partition, 0, SECTOR, ESP_PARTITION_MMAP_INST, &mapped, &handle));
    int (*function)(void) = (int (*)(void))mapped;
    TEST_ASSERT_EQUAL(42, function());
    esp_partition_munmap(handle);
}

TEST_CASE("the chip checks its arguments", "[access]")
{
    uint32_t size;
    uint8_t byte = 0;
    TEST_ESP_OK(esp_flash_get_size(NULL, &size));
    TEST_ASSERT_EQUAL_HEX32(0x400000, size);
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_flash_get_size(NULL, NULL));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_flash_read(NULL, &byte, size, 1));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_flash_read(NULL, NULL, 0, 1));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_flash_write(NULL, &byte, size - 1, 2));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_flash_write(NULL, NULL, 0, 1));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_flash_erase_region(NULL, 0, 4096));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_flash_erase_region(NULL, size, SECTOR));
    TEST_ESP_ERR(ESP_ERR_INVALID_ARG, esp_flash_write(NULL, NULL, 0, 0));
    TEST_ESP_OK(esp_flash_write(NULL, &byte, 0, 0));
}
