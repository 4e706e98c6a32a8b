/* SPDX-License-Identifier: MIT */
/* tasks that erase, write and read at the same time, and interrupts in between */
#include <stdatomic.h>
#include <string.h>

#include "esp_partition.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "scratch.h"
#include "spi_flash_mmap.h"
#include "unity.h"

#define WRITERS 3
#define ROUNDS 16
#define CHUNK 3001
#define CHUNKS 12
#define SECTOR SPI_FLASH_SEC_SIZE
/* the writers have a sector each, the last one is read only */
#define CONSTANT_OFFSET (WRITERS * SECTOR)
#define CONSTANT_SIZE 1024

static const esp_partition_t *s_partition;
static SemaphoreHandle_t s_finished;
static atomic_int s_errors;
static atomic_int s_reads;
static atomic_bool s_stop;

static void expect(bool condition)
{
    if (!condition) {
        s_errors++;
    }
}

static void write_sector(size_t sector, uint32_t seed, uint8_t *chunk)
{
    expect(esp_partition_erase_range(s_partition, sector * SECTOR, SECTOR) == ESP_OK);
    for (size_t n = 0; n < CHUNKS; n++) {
        for (size_t i = 0; i < CHUNK; i++) {
            chunk[i] = scratch_byte(seed, n * CHUNK + i);
        }
        expect(esp_partition_write(s_partition, sector * SECTOR + n * CHUNK, chunk, CHUNK) == ESP_OK);
    }
}

static void check_sector(size_t sector, uint32_t seed, uint8_t *chunk)
{
    for (size_t n = 0; n < CHUNKS; n++) {
        expect(esp_partition_read(s_partition, sector * SECTOR + n * CHUNK, chunk, CHUNK) == ESP_OK);
        for (size_t i = 0; i < CHUNK; i++) {
            expect(chunk[i] == scratch_byte(seed, n * CHUNK + i));
        }
    }
}

static void writer(void *arg)
{
    static uint8_t chunks[WRITERS][CHUNK];
    size_t sector = (size_t)arg;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        write_sector(sector, round * WRITERS + sector, chunks[sector]);
        check_sector(sector, round * WRITERS + sector, chunks[sector]);
    }
    xSemaphoreGive(s_finished);
    vTaskDelete(NULL);
}

/* reads what never changes, without any lock, as code that is mapped from flash would */
static void check_constant(void)
{
    const void *mapped;
    esp_partition_mmap_handle_t handle;
    expect(esp_partition_mmap(s_partition, CONSTANT_OFFSET, CONSTANT_SIZE, ESP_PARTITION_MMAP_DATA,
                              &mapped, &handle) == ESP_OK);
    const volatile uint8_t *bytes = mapped;
    for (size_t i = 0; i < CONSTANT_SIZE; i++) {
        expect(bytes[i] == scratch_byte(99, i));
    }
    esp_partition_munmap(handle);
    s_reads++;
}

static void reader(void *arg)
{
    (void)arg;
    while (!s_stop) {
        check_constant();
        taskYIELD();
    }
    xSemaphoreGive(s_finished);
    vTaskDelete(NULL);
}

static void on_timer(void *arg)
{
    (void)arg;
    check_constant();
}

TEST_CASE("tasks can use the flash at the same time", "[concurrency]")
{
    s_partition = scratch_erased("tasks");
    s_finished = xSemaphoreCreateCounting(WRITERS + 1, 0);
    s_errors = 0;
    s_reads = 0;
    s_stop = false;
    for (size_t i = 0; i < CONSTANT_SIZE; i++) {
        uint8_t byte = scratch_byte(99, i);
        TEST_ESP_OK(esp_partition_write(s_partition, CONSTANT_OFFSET + i, &byte, 1));
    }

    esp_timer_handle_t timer;
    const esp_timer_create_args_t args = {.callback = on_timer, .name = "reads"};
    TEST_ESP_OK(esp_timer_create(&args, &timer));
    TEST_ESP_OK(esp_timer_start_periodic(timer, 20000));
    /* all of one priority: they share the processor by time slices */
    UBaseType_t priority = uxTaskPriorityGet(NULL);
    TEST_ASSERT_EQUAL(pdPASS, xTaskCreate(reader, "reader", 4096, NULL, priority, NULL));
    for (size_t i = 0; i < WRITERS; i++) {
        TEST_ASSERT_EQUAL(pdPASS, xTaskCreate(writer, "writer", 4096, (void *)i, priority, NULL));
    }
    for (size_t i = 0; i < WRITERS; i++) {
        TEST_ASSERT_TRUE(xSemaphoreTake(s_finished, pdMS_TO_TICKS(20000)));
    }
    s_stop = true;
    TEST_ASSERT_TRUE(xSemaphoreTake(s_finished, pdMS_TO_TICKS(20000)));
    TEST_ESP_OK(esp_timer_stop(timer));
    TEST_ESP_OK(esp_timer_delete(timer));
    vSemaphoreDelete(s_finished);

    printf("%d reads of constant data meanwhile\n", s_reads);
    TEST_ASSERT_GREATER_THAN(ROUNDS, s_reads);
    TEST_ASSERT_EQUAL(0, s_errors);
}
