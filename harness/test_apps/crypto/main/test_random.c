/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "esp_random.h"
#include "unity.h"

TEST_CASE("print a random number", "[random][ignore]")
{
    printf("random %08" PRIx32 "\n", esp_random());
}
