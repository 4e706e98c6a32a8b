/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ESP_APP_DESC_MAGIC_WORD 0xABCD5432

/* ESP-IDF's guide "App Image Format", application description */
typedef struct {
    uint32_t magic_word;
    uint32_t secure_version;
    uint32_t reserv1[2];
    char version[32];
    char project_name[32];
    char time[16];
    char date[16];
    char idf_ver[32];
    uint8_t app_elf_sha256[32]; /* filled in when the image is made */
    uint32_t reserv2[20];
} esp_app_desc_t;

_Static_assert(offsetof(esp_app_desc_t, app_elf_sha256) == 144, "place of the SHA-256");
_Static_assert(sizeof(esp_app_desc_t) == 256, "size of the application description");

/* name and version of the project; time and date stay empty so that builds are reproducible */
const esp_app_desc_t *esp_app_get_description(void);

/* writes the first digits of the ELF file's SHA-256 in hex; returns the length with the final 0 */
int esp_app_get_elf_sha256(char *dst, size_t size);

#ifdef __cplusplus
}
#endif
