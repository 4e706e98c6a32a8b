/* SPDX-License-Identifier: MIT */
#include "port/hr_sha256.h"

#include <stdio.h>

#include "mbedtls/constant_time.h"

#if HR_IDF_PSA

static esp_err_t result_of(psa_status_t status)
{
    if (status == PSA_SUCCESS) {
        return ESP_OK;
    }
    return status == PSA_ERROR_INSUFFICIENT_MEMORY ? ESP_ERR_NO_MEM : ESP_FAIL;
}

esp_err_t hr_sha256_begin(hr_sha256_t *hash)
{
    *hash = psa_hash_operation_init();
    psa_status_t status = psa_crypto_init(); /* does nothing when it is initialized */
    if (status == PSA_SUCCESS) {
        status = psa_hash_setup(hash, PSA_ALG_SHA_256);
    }
    return result_of(status);
}

esp_err_t hr_sha256_add(hr_sha256_t *hash, const void *data, size_t size)
{
    return result_of(psa_hash_update(hash, data, size));
}

esp_err_t hr_sha256_end(hr_sha256_t *hash, uint8_t result[HR_SHA256_SIZE])
{
    size_t length;
    psa_status_t status = psa_hash_finish(hash, result, HR_SHA256_SIZE, &length);
    hr_sha256_drop(hash);
    return result_of(status);
}

void hr_sha256_drop(hr_sha256_t *hash)
{
    psa_hash_abort(hash);
}

esp_err_t hr_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                         uint8_t result[HR_SHA256_SIZE])
{
    size_t length;
    psa_key_id_t id;
    psa_key_attributes_t attributes = psa_key_attributes_init();
    psa_set_key_type(&attributes, PSA_KEY_TYPE_HMAC);
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE);
    psa_set_key_algorithm(&attributes, PSA_ALG_HMAC(PSA_ALG_SHA_256));
    psa_status_t status = psa_crypto_init();
    if (status == PSA_SUCCESS) {
        status = psa_import_key(&attributes, key, key_size, &id);
    }
    if (status == PSA_SUCCESS) {
        status = psa_mac_compute(id, PSA_ALG_HMAC(PSA_ALG_SHA_256), data, size, result,
                                 HR_SHA256_SIZE, &length);
        psa_destroy_key(id);
    }
    return result_of(status);
}

#else

static esp_err_t result_of(int result)
{
    if (result == 0) {
        return ESP_OK;
    }
    return result == MBEDTLS_ERR_MD_ALLOC_FAILED ? ESP_ERR_NO_MEM : ESP_FAIL;
}

esp_err_t hr_sha256_begin(hr_sha256_t *hash)
{
    mbedtls_md_init(hash);
    int result = mbedtls_md_setup(hash, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0);
    if (result == 0) {
        result = mbedtls_md_starts(hash);
    }
    if (result != 0) {
        hr_sha256_drop(hash);
    }
    return result_of(result);
}

esp_err_t hr_sha256_add(hr_sha256_t *hash, const void *data, size_t size)
{
    return result_of(mbedtls_md_update(hash, data, size));
}

esp_err_t hr_sha256_end(hr_sha256_t *hash, uint8_t result[HR_SHA256_SIZE])
{
    int status = mbedtls_md_finish(hash, result);
    hr_sha256_drop(hash);
    return result_of(status);
}

void hr_sha256_drop(hr_sha256_t *hash)
{
    mbedtls_md_free(hash);
}

esp_err_t hr_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                         uint8_t result[HR_SHA256_SIZE])
{
    return result_of(mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, key_size,
                                     data, size, result));
}

#endif

esp_err_t hr_sha256(const void *data, size_t size, uint8_t result[HR_SHA256_SIZE])
{
    hr_sha256_t hash;
    esp_err_t err = hr_sha256_begin(&hash);
    if (err != ESP_OK) {
        return err;
    }
    err = hr_sha256_add(&hash, data, size);
    if (err != ESP_OK) {
        hr_sha256_drop(&hash);
        return err;
    }
    return hr_sha256_end(&hash, result);
}

bool hr_sha256_same(const void *a, const void *b, size_t size)
{
    return mbedtls_ct_memcmp(a, b, size) == 0;
}

void hr_sha256_to_text(const uint8_t hash[HR_SHA256_SIZE], char text[HR_SHA256_TEXT_SIZE])
{
    for (size_t i = 0; i < HR_SHA256_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    }
}
