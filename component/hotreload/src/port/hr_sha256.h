/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) of ESP-IDF's library: Mbed TLS's md.h or PSA.
   Hardware acceleration is theirs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "port/hr_idf.h"

#if HR_IDF_PSA
#include "psa/crypto.h"
typedef psa_hash_operation_t hr_sha256_t;
#else
#include "mbedtls/md.h"
typedef mbedtls_md_context_t hr_sha256_t;
#endif

#define HR_SHA256_SIZE 32
#define HR_SHA256_TEXT_SIZE (2 * HR_SHA256_SIZE + 1)

/* Begins a hash. One that has begun is ended by hr_sha256_end() or by hr_sha256_drop(); it may hold
   memory until then. ESP_ERR_NO_MEM; here and below ESP_FAIL when the accelerator fails. */
esp_err_t hr_sha256_begin(hr_sha256_t *hash);

esp_err_t hr_sha256_add(hr_sha256_t *hash, const void *data, size_t size);

/* The result; the hash has ended, also after an error. */
esp_err_t hr_sha256_end(hr_sha256_t *hash, uint8_t result[HR_SHA256_SIZE]);

/* Ends a hash without its result. */
void hr_sha256_drop(hr_sha256_t *hash);

/* The whole at once. */
esp_err_t hr_sha256(const void *data, size_t size, uint8_t result[HR_SHA256_SIZE]);

esp_err_t hr_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                         uint8_t result[HR_SHA256_SIZE]);

/* Whether `size` bytes are the same, in a time that does not depend on where they differ. */
bool hr_sha256_same(const void *a, const void *b, size_t size);

/* Hexadecimal digits, as sha256sum prints them. */
void hr_sha256_to_text(const uint8_t hash[HR_SHA256_SIZE], char text[HR_SHA256_TEXT_SIZE]);
