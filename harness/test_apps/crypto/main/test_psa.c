/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "psa/crypto.h"
#include "unity.h"
#include "vectors.h"

TEST_CASE("PSA hashes a message", "[psa]")
{
    uint8_t hash[MAC_SIZE];
    size_t size;
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_crypto_init());
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_hash_compute(PSA_ALG_SHA_256, (const uint8_t *)"abc", 3,
                                                    hash, sizeof(hash), &size));
    TEST_ASSERT_EQUAL(MAC_SIZE, size);
    TEST_ASSERT_EQUAL_HEX8_ARRAY(abc_hash, hash, MAC_SIZE);
}

TEST_CASE("PSA authenticates a message", "[psa]")
{
    uint8_t mac[MAC_SIZE];
    size_t size;
    psa_key_id_t key;
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, PSA_KEY_TYPE_HMAC);
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE);
    psa_set_key_algorithm(&attributes, PSA_ALG_HMAC(PSA_ALG_SHA_256));
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_crypto_init());
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_import_key(&attributes, (const uint8_t *)hmac_key,
                                                  strlen(hmac_key), &key));
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_mac_compute(key, PSA_ALG_HMAC(PSA_ALG_SHA_256),
                                                   (const uint8_t *)hmac_text, strlen(hmac_text),
                                                   mac, sizeof(mac), &size));
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_destroy_key(key));
    TEST_ASSERT_EQUAL(MAC_SIZE, size);
    TEST_ASSERT_EQUAL_HEX8_ARRAY(hmac, mac, MAC_SIZE);
}

TEST_CASE("PSA has random bytes", "[psa]")
{
    uint8_t first[16] = {0};
    uint8_t second[16] = {0};
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_crypto_init());
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_generate_random(first, sizeof(first)));
    TEST_ASSERT_EQUAL(PSA_SUCCESS, psa_generate_random(second, sizeof(second)));
    TEST_ASSERT_TRUE(memcmp(first, second, sizeof(first)) != 0);
}
