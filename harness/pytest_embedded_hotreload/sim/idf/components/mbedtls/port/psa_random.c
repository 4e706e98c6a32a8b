/* SPDX-License-Identifier: MIT */
#include "esp_random.h"
#include "psa/crypto.h"

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    esp_fill_random(output, output_size);
    *output_length = output_size;
    return PSA_SUCCESS;
}
