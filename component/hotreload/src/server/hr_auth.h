/* SPDX-License-Identifier: MIT */
/* Who may change what the device runs: requests signed with the secret of the firmware's build.

   A client asks for a nonce and sends, with its request,

       Authorization: HMAC-SHA256 nonce=<hex>,sha256=<hex>,mac=<hex>

   where sha256 is that of the body as it is sent, and mac is HMAC-SHA-256 with the secret of these
   lines, each with a newline at its end:

       hotreload-1
       <method>
       <endpoint>
       <Content-Length, decimal>
       <nonce>
       <sha256>

   Digits are lower case. So a request is good for one endpoint, one body, one device since its
   start, once, and for a limited time; all that but the body is known before the body is read.

   A nonce is the time of its issue and a MAC of that with a key of this boot: issuing one costs no
   memory, and asking for many takes nothing from anybody. Only requests that are signed well
   enter the list of used ones. When that is full, the oldest makes room, and all nonces up to it
   count as too old. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "port/hr_report.h"
#include "port/hr_sha256.h"

#define HR_AUTH_KEY_SIZE 32
/* as text, without the zero at its end */
#define HR_AUTH_NONCE_LENGTH 48
/* room for a header, its end, and one character too many */
#define HR_AUTH_HEADER_SIZE 209
#define HR_AUTH_USED_MAX 16

typedef struct {
    const uint8_t *key;
    uint8_t nonce_key[HR_SHA256_SIZE];
    int64_t lifetime;               /* of a nonce; times are in microseconds since boot */
    int64_t newest;                 /* issue of the last nonce: no two are equal */
    int64_t used[HR_AUTH_USED_MAX]; /* issues of nonces, 0 where there is none */
    int64_t forgotten;              /* what was issued up to here is refused */
} hr_auth_t;

/* What is signed of a request. */
typedef struct {
    const char *method;
    const char *endpoint;
    size_t length;             /* Content-Length, 0 without one */
    const char *authorization; /* the header's value, NULL without one */
} hr_auth_request_t;

/* The body of a request that was signed. */
typedef struct {
    hr_sha256_t hash;
    uint8_t wanted[HR_SHA256_SIZE];
} hr_auth_body_t;

/* `key` has HR_AUTH_KEY_SIZE bytes and stays; `random` differs from boot to boot. */
esp_err_t hr_auth_init(hr_auth_t *auth, const uint8_t *key, const uint8_t random[HR_SHA256_SIZE],
                       int64_t lifetime, hr_report_t *report);

/* Issues a nonce, HR_AUTH_NONCE_LENGTH characters and a zero. `now` never goes back. */
esp_err_t hr_auth_issue(hr_auth_t *auth, int64_t now, char nonce[HR_AUTH_NONCE_LENGTH + 1],
                        hr_report_t *report);

/* Whether the request may be done; its nonce is used then. HOTRELOAD_ERR_AUTH_HEADER,
   HOTRELOAD_ERR_AUTH_NONCE, HOTRELOAD_ERR_AUTH_MAC, HOTRELOAD_ERR_AUTH_REPLAYED; ESP_ERR_NO_MEM.
   `body` receives the hash that the body has to have; it has not begun. */
esp_err_t hr_auth_check(hr_auth_t *auth, const hr_auth_request_t *request, int64_t now,
                        hr_auth_body_t *body, hr_report_t *report);

/* Follows the body as it comes, ESP_ERR_NO_MEM. One that has begun is ended by hr_auth_body_end()
   or by hr_auth_body_drop(). */
esp_err_t hr_auth_body_begin(hr_auth_body_t *body, hr_report_t *report);
esp_err_t hr_auth_body_add(hr_auth_body_t *body, const void *data, size_t size,
                           hr_report_t *report);

/* Whether it was the body that was signed: HOTRELOAD_ERR_AUTH_BODY. */
esp_err_t hr_auth_body_end(hr_auth_body_t *body, hr_report_t *report);
void hr_auth_body_drop(hr_auth_body_t *body);
