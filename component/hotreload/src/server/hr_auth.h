/* SPDX-License-Identifier: MIT */
/* Who may change what the device runs: with CONFIG_HOTRELOAD_AUTH requests signed with the secret of
   the firmware's build; in a browser, pages of the device itself.

   A client asks for a nonce, gets this device's id with it, and sends, with its request,

       Authorization: HMAC-SHA256 version=2,nonce=<hex>,sha256=<hex>,mac=<hex>

   where sha256 is that of the ELF, or of nothing in a request without one, and mac is HMAC-SHA-256
   with the secret of these lines, each with a newline at its end:

       hotreload-2
       <endpoint>
       <device>
       <nonce>
       <sha256>

   Digits are lower case. So a request is good for one endpoint, one module in whatever form it is
   sent, one device since its start, once, and for a limited time; all that but the module is known
   before the body is read. Version 1 signed the body and its length, but not its type.

   A nonce is the time of its issue and a MAC of that with a key of this boot: issuing one costs no
   memory, and asking for many takes nothing from anybody. Only requests that are signed well
   enter the list of used ones. When that is full, the oldest makes room, and all nonces up to it
   count as too old. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "port/hr_key.h"
#include "port/hr_report.h"
#include "port/hr_sha256.h"

#define HR_AUTH_VERSION 2
/* all as text, without the zero at its end */
#define HR_AUTH_NONCE_LENGTH 48
#define HR_AUTH_DEVICE_LENGTH 12
#define HR_AUTH_KEY_ID_LENGTH 16
/* room for a header, its end, and one character too many */
#define HR_AUTH_HEADER_SIZE 219
#define HR_AUTH_USED_MAX 16

typedef struct {
    const uint8_t *key;
    char key_id[HR_AUTH_KEY_ID_LENGTH + 1]; /* start of its SHA-256: which key it is, no more */
    char device[HR_AUTH_DEVICE_LENGTH + 1];
    uint8_t nonce_key[HR_SHA256_SIZE];
    int64_t lifetime;               /* of a nonce; times are in microseconds since boot */
    int64_t newest;                 /* issue of the last nonce: no two are equal */
    int64_t used[HR_AUTH_USED_MAX]; /* issues of nonces, 0 where there is none */
    int64_t forgotten;              /* what was issued up to here is refused */
} hr_auth_t;

/* What tells a device from others with the same firmware. */
typedef struct {
    uint8_t bytes[HR_AUTH_DEVICE_LENGTH / 2];
} hr_auth_device_t;

/* `key` has HR_KEY_SIZE bytes and stays; `random` differs from boot to boot. */
esp_err_t hr_auth_init(hr_auth_t *auth, const uint8_t *key, hr_auth_device_t device,
                       const uint8_t random[HR_SHA256_SIZE], int64_t lifetime,
                       hr_report_t *report);

/* Issues a nonce, HR_AUTH_NONCE_LENGTH characters and a zero. `now` never goes back. */
esp_err_t hr_auth_issue(hr_auth_t *auth, int64_t now, char nonce[HR_AUTH_NONCE_LENGTH + 1],
                        hr_report_t *report);

/* Whether the request may be done; its nonce is used then. HOTRELOAD_ERR_AUTH_HEADER,
   HOTRELOAD_ERR_AUTH_VERSION, HOTRELOAD_ERR_AUTH_NONCE, HOTRELOAD_ERR_AUTH_MAC,
   HOTRELOAD_ERR_AUTH_REPLAYED; ESP_ERR_NO_MEM. `authorization` is the header's value, NULL without
   one; `module` receives the SHA-256 that the ELF has to have. */
esp_err_t hr_auth_check(hr_auth_t *auth, const char *endpoint, const char *authorization,
                        int64_t now, uint8_t module[HR_SHA256_SIZE], hr_report_t *report);

/* Whether a request may come from this page: one of another site may be open in the browser of
   somebody who can reach the device. All are values of headers, NULL without one: `origin` of Origin
   (RFC 6454), `host` of Host, `site` of Sec-Fetch-Site (Fetch Metadata). Programs that are no browser
   send neither the first nor the last. `trusted` is an origin whose pages may as well, or empty. */
bool hr_auth_may_from(const char *origin, const char *host, const char *site, const char *trusted);
