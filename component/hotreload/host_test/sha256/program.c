/* SPDX-License-Identifier: MIT */
/* Hashes on the host. Messages are hexadecimal digits; a hash takes them as one piece each.

       program hash [MESSAGE...]
       program hmac KEY MESSAGE
       program same A B SIZE
       program drop MESSAGE        a hash that is never finished */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/hr_sha256.h"

#if HR_IDF_PSA
/* nothing here draws random numbers */
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t size, size_t *length)
{
    (void)context, (void)output, (void)size, (void)length;
    return PSA_ERROR_INSUFFICIENT_ENTROPY;
}
#endif

typedef struct {
    uint8_t *bytes;
    size_t size;
} message_t;

/* Each in a block of exactly its size, so that the sanitizer sees every byte read behind it. */
static message_t parse(const char *digits)
{
    message_t message = {.size = strlen(digits) / 2};
    message.bytes = malloc(message.size);
    for (size_t i = 0; i < message.size; i++) {
        sscanf(digits + 2 * i, "%2hhx", &message.bytes[i]);
    }
    return message;
}

static void check(esp_err_t err)
{
    if (err != ESP_OK) {
        printf("error %d\n", err);
        exit(1);
    }
}

static void print(const uint8_t result[HR_SHA256_SIZE])
{
    for (size_t i = 0; i < HR_SHA256_SIZE; i++) {
        printf("%02x", result[i]);
    }
    printf("\n");
}

static void add(hr_sha256_t *hash, const char *digits)
{
    message_t message = parse(digits);
    check(hr_sha256_add(hash, message.bytes, message.size));
    free(message.bytes);
}

int main(int count, char **arguments)
{
    const char *what = arguments[1];
    uint8_t result[HR_SHA256_SIZE];
    if (strcmp(what, "hmac") == 0) {
        message_t key = parse(arguments[2]);
        message_t message = parse(arguments[3]);
        check(hr_hmac_sha256(key.bytes, key.size, message.bytes, message.size, result));
        print(result);
        free(key.bytes);
        free(message.bytes);
    } else if (strcmp(what, "same") == 0) {
        message_t a = parse(arguments[2]);
        message_t b = parse(arguments[3]);
        printf("%d\n", hr_sha256_same(a.bytes, b.bytes, strtoul(arguments[4], NULL, 10)));
        free(a.bytes);
        free(b.bytes);
    } else {
        hr_sha256_t hash;
        check(hr_sha256_begin(&hash));
        for (int i = 2; i < count; i++) {
            add(&hash, arguments[i]);
        }
        if (strcmp(what, "drop") == 0) {
            hr_sha256_drop(&hash);
        } else {
            check(hr_sha256_end(&hash, result));
            print(result);
        }
    }
#if HR_IDF_PSA
    mbedtls_psa_crypto_free(); /* what is left now is a leak */
#endif
    return 0;
}
