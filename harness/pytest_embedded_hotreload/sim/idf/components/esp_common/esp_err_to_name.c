/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "esp_err.h"
#include "sdkconfig.h"

typedef struct {
    esp_err_t code;
    const char *name;
} error_name_t;

#if CONFIG_ESP_ERR_TO_NAME_LOOKUP
/* by value, so that no component has to be part of the build for its errors to have names */
static const error_name_t s_names[] = {
    {0, "ESP_OK"},
    {-1, "ESP_FAIL"},
    {0x101, "ESP_ERR_NO_MEM"},
    {0x102, "ESP_ERR_INVALID_ARG"},
    {0x103, "ESP_ERR_INVALID_STATE"},
    {0x104, "ESP_ERR_INVALID_SIZE"},
    {0x105, "ESP_ERR_NOT_FOUND"},
    {0x106, "ESP_ERR_NOT_SUPPORTED"},
    {0x107, "ESP_ERR_TIMEOUT"},
    {0x108, "ESP_ERR_INVALID_RESPONSE"},
    {0x109, "ESP_ERR_INVALID_CRC"},
    {0x10a, "ESP_ERR_INVALID_VERSION"},
    {0x10b, "ESP_ERR_INVALID_MAC"},
    {0x10c, "ESP_ERR_NOT_FINISHED"},
    {0x10d, "ESP_ERR_NOT_ALLOWED"},
    {0x1101, "ESP_ERR_NVS_NOT_INITIALIZED"},
    {0x1102, "ESP_ERR_NVS_NOT_FOUND"},
    {0x1103, "ESP_ERR_NVS_TYPE_MISMATCH"},
    {0x1104, "ESP_ERR_NVS_READ_ONLY"},
    {0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE"},
    {0x1106, "ESP_ERR_NVS_INVALID_NAME"},
    {0x1107, "ESP_ERR_NVS_INVALID_HANDLE"},
    {0x1108, "ESP_ERR_NVS_REMOVE_FAILED"},
    {0x1109, "ESP_ERR_NVS_KEY_TOO_LONG"},
    {0x110a, "ESP_ERR_NVS_PAGE_FULL"},
    {0x110b, "ESP_ERR_NVS_INVALID_STATE"},
    {0x110c, "ESP_ERR_NVS_INVALID_LENGTH"},
    {0x110d, "ESP_ERR_NVS_NO_FREE_PAGES"},
    {0x110e, "ESP_ERR_NVS_VALUE_TOO_LONG"},
    {0x110f, "ESP_ERR_NVS_PART_NOT_FOUND"},
    {0x1110, "ESP_ERR_NVS_NEW_VERSION_FOUND"},
    {0x1501, "ESP_ERR_OTA_PARTITION_CONFLICT"},
    {0x1502, "ESP_ERR_OTA_SELECT_INFO_INVALID"},
    {0x1503, "ESP_ERR_OTA_VALIDATE_FAILED"},
    {0x1504, "ESP_ERR_OTA_SMALL_SEC_VER"},
    {0x1505, "ESP_ERR_OTA_ROLLBACK_FAILED"},
    {0x1506, "ESP_ERR_OTA_ROLLBACK_INVALID_STATE"},
    {0x2001, "ESP_ERR_IMAGE_FLASH_FAIL"},
    {0x2002, "ESP_ERR_IMAGE_INVALID"},
    {0x5001, "ESP_ERR_ESP_NETIF_INVALID_PARAMS"},
    {0x5002, "ESP_ERR_ESP_NETIF_IF_NOT_READY"},
    {0x5003, "ESP_ERR_ESP_NETIF_DHCPC_START_FAILED"},
    {0x5004, "ESP_ERR_ESP_NETIF_DHCP_ALREADY_STARTED"},
    {0x5005, "ESP_ERR_ESP_NETIF_DHCP_ALREADY_STOPPED"},
    {0x5006, "ESP_ERR_ESP_NETIF_NO_MEM"},
    {0x5007, "ESP_ERR_ESP_NETIF_DHCP_NOT_STOPPED"},
    {0x5008, "ESP_ERR_ESP_NETIF_DRIVER_ATTACH_FAILED"},
    {0x5009, "ESP_ERR_ESP_NETIF_INIT_FAILED"},
    {0x500a, "ESP_ERR_ESP_NETIF_DNS_NOT_CONFIGURED"},
    {0x500b, "ESP_ERR_ESP_NETIF_MLD6_FAILED"},
    {0x500c, "ESP_ERR_ESP_NETIF_IP6_ADDR_FAILED"},
    {0x500d, "ESP_ERR_ESP_NETIF_DHCPS_START_FAILED"},
    {0x6001, "ESP_ERR_FLASH_OP_FAIL"},
    {0x6002, "ESP_ERR_FLASH_OP_TIMEOUT"},
    {0x6003, "ESP_ERR_FLASH_NOT_INITIALISED"},
    {0x6004, "ESP_ERR_FLASH_UNSUPPORTED_HOST"},
    {0x6005, "ESP_ERR_FLASH_UNSUPPORTED_CHIP"},
    {0x6006, "ESP_ERR_FLASH_PROTECTED"},
    {0xb001, "ESP_ERR_HTTPD_HANDLERS_FULL"},
    {0xb002, "ESP_ERR_HTTPD_HANDLER_EXISTS"},
    {0xb003, "ESP_ERR_HTTPD_INVALID_REQ"},
    {0xb004, "ESP_ERR_HTTPD_RESULT_TRUNC"},
    {0xb005, "ESP_ERR_HTTPD_RESP_HDR"},
    {0xb006, "ESP_ERR_HTTPD_RESP_SEND"},
    {0xb007, "ESP_ERR_HTTPD_ALLOC_MEM"},
    {0xb008, "ESP_ERR_HTTPD_TASK"},
};
#endif

static const char *find_name(esp_err_t code)
{
#if CONFIG_ESP_ERR_TO_NAME_LOOKUP
    for (size_t i = 0; i < sizeof(s_names) / sizeof(s_names[0]); i++) {
        if (s_names[i].code == code) {
            return s_names[i].name;
        }
    }
#endif
    (void)code;
    return NULL;
}

const char *esp_err_to_name(esp_err_t code)
{
    const char *name = find_name(code);
    return name ? name : "UNKNOWN ERROR";
}

const char *esp_err_to_name_r(esp_err_t code, char *buf, size_t buflen)
{
    const char *name = find_name(code);
    if (name) {
        strlcpy(buf, name, buflen);
    } else {
        snprintf(buf, buflen, "%s 0x%x(%d)", "UNKNOWN ERROR", code, code);
    }
    return buf;
}
