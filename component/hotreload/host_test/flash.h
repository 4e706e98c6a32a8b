/* SPDX-License-Identifier: MIT */
/* The partition "hotreload" in RAM: NOR flash that loses power after a number of operations. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define FLASH_OPERATIONS_UNLIMITED UINT32_MAX

/* Blank flash of that geometry. */
void flash_create(uint32_t size, uint32_t erase_size);

/* What esptool does: erases the blocks it needs and writes. */
void flash_program_raw(uint32_t offset, const void *data, uint32_t size);

/* What is left of an operation that loses power. */
typedef enum {
    FLASH_TORN_HALF,  /* its first half, and half of the bits of the byte behind that */
    FLASH_TORN_BITS,  /* every second bit */
    FLASH_TORN_PAGES, /* every second page of 16 bytes, beginning with the second one */
} flash_torn_t;

/* Writes to flash from here on that still happen; the one after is torn, later ones fail. */
void flash_set_operations(uint32_t operations, flash_torn_t torn);

/* The n-th read or mapping from here on fails, once; 0: none does. */
void flash_fail_read_at(uint32_t read);

/* Inverts one byte behind the driver's back. */
void flash_corrupt(uint32_t offset);

/* From here on no write sets a bit of the byte at the offset, and none tells. */
void flash_wear_out(uint32_t offset);

void flash_encrypt(void);

/* From here on no write changes anything, and none tells. */
void flash_freeze(void);

/* Erases and writes since flash_create(). */
uint32_t flash_operations_done(void);

/* Mappings that were not given back. */
uint32_t flash_mappings(void);

/* The flash to and from a file. */
void flash_save(FILE *file);
void flash_restore(FILE *file);
