/* SPDX-License-Identifier: MIT */
#include "esp_app_desc.h"

#include "sdkconfig.h"

extern const esp_app_desc_t esp_app_desc;

/* volatile: the SHA-256 in the image is not the one that the compiler sees */
const volatile esp_app_desc_t esp_app_desc_storage __asm__("esp_app_desc")
    __attribute__((section(".rodata_desc"), used)) = {
        .magic_word = ESP_APP_DESC_MAGIC_WORD,
        .version = PROJECT_VER,
        .project_name = PROJECT_NAME,
        .idf_ver = IDF_VER,
};

const esp_app_desc_t *esp_app_get_description(void)
{
    return &esp_app_desc;
}

int esp_app_get_elf_sha256(char *dst, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    if (dst == NULL || size == 0) {
        return 0;
    }
    size_t length = CONFIG_APP_RETRIEVE_LEN_ELF_SHA;
    if (length > size - 1) {
        length = size - 1;
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = esp_app_desc_storage.app_elf_sha256[i / 2];
        dst[i] = digits[i % 2 == 0 ? byte >> 4 : byte & 0xf];
    }
    dst[length] = '\0';
    return (int)length + 1;
}
