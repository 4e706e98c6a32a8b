/* SPDX-License-Identifier: MIT */
/* Mbed TLS 2.28 for the simulated board: SHA-256 and HMAC, by md.h and by PSA. */
#pragma once

#define MBEDTLS_MD_C
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_SHA224_C /* 2.28 has it and SHA-256 only together */
#define MBEDTLS_SHA256_C
#define MBEDTLS_VERSION_C

#define MBEDTLS_CIPHER_C /* which PSA's own headers need; nothing of it is compiled */
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_CONFIG
#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE "psa/esp_crypto_config.h"
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

#include "mbedtls/check_config.h"
