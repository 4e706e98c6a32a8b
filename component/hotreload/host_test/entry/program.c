/* SPDX-License-Identifier: MIT */
/* Says whether a stub could enter a function of a module: arguments are the ELF and the name. */
#include <stdio.h>

#include "hotreload.h"
#include "arch/hr_entry.h"
#include "elf/hr_symbol.h"

const char *esp_err_to_name(esp_err_t err)
{
    return err == ESP_OK ? "ESP_OK" : "ESP_ERR";
}

int main(int count, char **arguments)
{
    static uint8_t data[4096];
    FILE *file = count == 3 ? fopen(arguments[1], "rb") : NULL;
    if (file == NULL) {
        return 1;
    }
    size_t size = fread(data, 1, sizeof(data), file);
    fclose(file);

    hr_image_t image;
    hr_report_t report = {0};
    esp_err_t err = hr_image_open(&image, data, size, &report);
    if (err == ESP_OK) {
        const char *const names[] = {arguments[2]};
        uint32_t link;
        err = hr_symbol_find_exports(&image, names, 1, &link, &report);
        if (err == ESP_OK) {
            err = hr_entry_check(&image, names, &link, 1, &report);
        }
    }
    printf("%s %s\n", hotreload_err_to_name(err), report.message);
    return 0;
}
