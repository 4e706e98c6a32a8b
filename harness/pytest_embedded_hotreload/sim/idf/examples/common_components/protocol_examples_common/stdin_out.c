// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "protocol_examples_common.h"

esp_err_t example_configure_stdin_stdout(void)
{
    return setvbuf(stdin, NULL, _IONBF, 0) == 0 ? ESP_OK : ESP_FAIL;
}
