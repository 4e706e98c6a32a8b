/* SPDX-License-Identifier: MIT */
/* what was written stays written: over a restart, a reset, and a machine that is killed */
#include "esp_partition.h"
#include "esp_system.h"
#include "scratch.h"
#include "unity.h"

#define RECORD_BYTES 64
#define SEED 7

static void fill_record(uint32_t number, uint32_t *record)
{
    record[0] = number;
    for (uint32_t i = 1; i < RECORD_BYTES / sizeof(*record); i++) {
        record[i] = number * 0x9e3779b1u + i;
    }
}

static void write_and_restart(void)
{
    const esp_partition_t *partition = scratch_erased("records");
    for (size_t i = 0; i < 1000; i++) {
        uint8_t byte = scratch_byte(SEED, i);
        TEST_ESP_OK(esp_partition_write(partition, i, &byte, 1));
    }
    esp_restart();
}

static void check_after_restart(void)
{
    const esp_partition_t *partition = scratch_partition("records");
    TEST_ASSERT_EQUAL(ESP_RST_SW, esp_reset_reason());
    for (size_t i = 0; i < 1000; i++) {
        uint8_t byte;
        TEST_ESP_OK(esp_partition_read(partition, i, &byte, 1));
        TEST_ASSERT_EQUAL_HEX8(scratch_byte(SEED, i), byte);
    }
    scratch_assert_blank(partition, 1000, 1000);
}

TEST_CASE_MULTIPLE_STAGES("data is kept over esp_restart", "[persistence]", write_and_restart,
                          check_after_restart)

/* run by test_storage.py, which ends it from outside */
TEST_CASE("write records until the power goes", "[persistence][ignore]")
{
    const esp_partition_t *partition = scratch_erased("records");
    uint32_t record[RECORD_BYTES / sizeof(uint32_t)];
    for (uint32_t number = 0; (number + 1) * RECORD_BYTES <= partition->size; number++) {
        fill_record(number, record);
        TEST_ESP_OK(esp_partition_write(partition, number * RECORD_BYTES, record, sizeof(record)));
        printf("written %lu\n", (unsigned long)number);
    }
}

TEST_CASE("count the records", "[persistence][ignore]")
{
    const esp_partition_t *partition = scratch_partition("records");
    uint32_t expected[RECORD_BYTES / sizeof(uint32_t)];
    uint32_t found[RECORD_BYTES / sizeof(uint32_t)];
    uint32_t number = 0;
    for (; (number + 1) * RECORD_BYTES <= partition->size; number++) {
        fill_record(number, expected);
        TEST_ESP_OK(
            esp_partition_read(partition, number * RECORD_BYTES, found, sizeof(found)));
        if (found[0] == UINT32_MAX) {
            break;
        }
        TEST_ASSERT_EQUAL_HEX32_ARRAY(expected, found, RECORD_BYTES / sizeof(uint32_t));
    }
    scratch_assert_blank(partition, number * RECORD_BYTES,
                         partition->size - number * RECORD_BYTES);
    printf("counted %lu\n", (unsigned long)number);
}
