/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include "unity.h"

const esp_partition_t *scratch_partition(const char *label)
{
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, label);
    TEST_ASSERT_NOT_NULL_MESSAGE(partition, label);
    return partition;
}

const esp_partition_t *scratch_erased(const char *label)
{
    const esp_partition_t *partition = scratch_partition(label);
    TEST_ESP_OK(esp_partition_erase_range(partition, 0, partition->size));
    return partition;
}

uint8_t scratch_byte(uint32_t seed, size_t offset)
{
    uint32_t mixed = (uint32_t)offset * 0x9e3779b1u + seed * 0x85ebca6bu;
    return (uint8_t)(mixed >> 24);
}

void scratch_assert_blank(const esp_partition_t *partition, size_t offset, size_t size)
{
    for (size_t i = offset; i < offset + size; i++) {
        uint8_t byte;
        TEST_ESP_OK(esp_partition_read(partition, i, &byte, 1));
        TEST_ASSERT_EQUAL_HEX8(0xff, byte);
    }
}
