/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mbedtls/md.h"
#include "mbedtls/version.h"
#include "unity.h"
#include "vectors.h"

TEST_CASE("the library is Mbed TLS with SHA-256 alone", "[mbedtls]")
{
    TEST_ASSERT_EQUAL(MBEDTLS_VERSION_NUMBER, mbedtls_version_get_number());
    TEST_ASSERT_NOT_NULL(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256));
    TEST_ASSERT_NULL(mbedtls_md_info_from_type(MBEDTLS_MD_MD5));
}

TEST_CASE("a message is hashed in pieces", "[mbedtls]")
{
    uint8_t hash[MAC_SIZE];
    mbedtls_md_context_t context;
    mbedtls_md_init(&context);
    TEST_ASSERT_EQUAL(
        0, mbedtls_md_setup(&context, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0));
    TEST_ASSERT_EQUAL(0, mbedtls_md_starts(&context));
    TEST_ASSERT_EQUAL(0, mbedtls_md_update(&context, (const uint8_t *)"a", 1));
    TEST_ASSERT_EQUAL(0, mbedtls_md_update(&context, (const uint8_t *)"bc", 2));
    TEST_ASSERT_EQUAL(0, mbedtls_md_finish(&context, hash));
    mbedtls_md_free(&context);
    TEST_ASSERT_EQUAL_HEX8_ARRAY(abc_hash, hash, MAC_SIZE);
}

TEST_CASE("a message is authenticated", "[mbedtls]")
{
    uint8_t mac[MAC_SIZE];
    TEST_ASSERT_EQUAL(0, mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
                                         (const uint8_t *)hmac_key, strlen(hmac_key),
                                         (const uint8_t *)hmac_text, strlen(hmac_text), mac));
    TEST_ASSERT_EQUAL_HEX8_ARRAY(hmac, mac, MAC_SIZE);
}
