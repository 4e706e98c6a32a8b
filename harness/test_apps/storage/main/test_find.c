/* SPDX-License-Identifier: MIT */
/* the partition table as esp_partition shows it: partitions.csv */
#include <string.h>

#include "esp_app_desc.h"
#include "esp_partition.h"
#include "unity.h"

TEST_CASE("a partition has the values of the table", "[find]")
{
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, 0x99, "tasks");
    TEST_ASSERT_NOT_NULL(partition);
    TEST_ASSERT_EQUAL(ESP_PARTITION_TYPE_DATA, partition->type);
    TEST_ASSERT_EQUAL(0x99, partition->subtype);
    TEST_ASSERT_EQUAL_HEX32(0x1d0000, partition->address);
    TEST_ASSERT_EQUAL_HEX32(256 * 1024, partition->size);
    TEST_ASSERT_EQUAL_HEX32(0x10000, partition->erase_size);
    TEST_ASSERT_EQUAL_STRING("tasks", partition->label);
    TEST_ASSERT_FALSE(partition->encrypted);
}

TEST_CASE("an application partition with a subtype of its own is found", "[find]")
{
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_APP, 0x40, "hotreload");
    TEST_ASSERT_NOT_NULL(partition);
    TEST_ASSERT_EQUAL_HEX32(0x110000, partition->address);
    TEST_ASSERT_EQUAL_HEX32(512 * 1024, partition->size);
}

TEST_CASE("the search ends at the first match", "[find]")
{
    const esp_partition_t *first = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, 0x99, NULL);
    TEST_ASSERT_NOT_NULL(first);
    TEST_ASSERT_EQUAL_STRING("scratch", first->label);
}

TEST_CASE("what is not in the table is not found", "[find]")
{
    TEST_ASSERT_NULL(esp_partition_find_first(ESP_PARTITION_TYPE_DATA, 0x77, NULL));
    TEST_ASSERT_NULL(esp_partition_find_first(ESP_PARTITION_TYPE_APP, 0x99, NULL));
    TEST_ASSERT_NULL(
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, "scratch2"));
    TEST_ASSERT_NULL(
        esp_partition_find_first(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, "scratc"));
    TEST_ASSERT_NULL(esp_partition_find_first(ESP_PARTITION_TYPE_ANY, 0x99, NULL));
    TEST_ASSERT_NULL(esp_partition_find(ESP_PARTITION_TYPE_ANY, 0x99, NULL));
    TEST_ASSERT_NULL(esp_partition_find(ESP_PARTITION_TYPE_DATA, 0x77, NULL));
}

static int count(esp_partition_type_t type, esp_partition_subtype_t subtype, const char *label)
{
    int found = 0;
    esp_partition_iterator_t it = esp_partition_find(type, subtype, label);
    for (; it != NULL; it = esp_partition_next(it)) {
        TEST_ASSERT_NOT_NULL(esp_partition_get(it));
        found++;
    }
    return found;
}

TEST_CASE("an iterator visits every match once", "[find]")
{
    TEST_ASSERT_EQUAL(7, count(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, NULL));
    TEST_ASSERT_EQUAL(5, count(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, NULL));
    TEST_ASSERT_EQUAL(2, count(ESP_PARTITION_TYPE_DATA, 0x99, NULL));
    TEST_ASSERT_EQUAL(1, count(ESP_PARTITION_TYPE_DATA, 0x99, "tasks"));
}

TEST_CASE("an iterator can be released before its end", "[find]")
{
    for (int i = 0; i < 1000; i++) {
        esp_partition_iterator_t it =
            esp_partition_find(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, NULL);
        TEST_ASSERT_NOT_NULL(it);
        esp_partition_iterator_release(it);
    }
    esp_partition_iterator_release(NULL);
}

TEST_CASE("a copy is verified against the table", "[find]")
{
    const esp_partition_t *known = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, 0x9a, NULL);
    TEST_ASSERT_NOT_NULL(known);
    esp_partition_t copy = *known;
    TEST_ASSERT_EQUAL_PTR(known, esp_partition_verify(&copy));
    copy.size += copy.erase_size;
    TEST_ASSERT_NULL(esp_partition_verify(&copy));
}

TEST_CASE("the application knows the project", "[find]")
{
    const esp_app_desc_t *description = esp_app_get_description();
    TEST_ASSERT_EQUAL_HEX32(ESP_APP_DESC_MAGIC_WORD, description->magic_word);
    TEST_ASSERT_EQUAL_STRING("test_storage", description->project_name);

    char digits[2 * sizeof(description->app_elf_sha256) + 1];
    int length = esp_app_get_elf_sha256(digits, sizeof(digits));
    TEST_ASSERT_EQUAL(strlen(digits) + 1, length);
    printf("ELF file SHA256: %s\n", digits);
}
