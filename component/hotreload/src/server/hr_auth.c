/* SPDX-License-Identifier: MIT */
#include "server/hr_auth.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hotreload.h"

#define TIME_SIZE 8
#define NONCE_MAC_SIZE 16
#define NONCE_SIZE (TIME_SIZE + NONCE_MAC_SIZE)
/* the lines that are signed, with the longest endpoint */
#define TEXT_SIZE 256

_Static_assert(HR_AUTH_NONCE_LENGTH == 2 * NONCE_SIZE, "a nonce is written in hexadecimal");

/* The fields of the header. */
typedef struct {
    char nonce_text[HR_AUTH_NONCE_LENGTH + 1];
    uint8_t nonce[NONCE_SIZE];
    uint8_t hash[HR_SHA256_SIZE];
    uint8_t mac[HR_SHA256_SIZE];
} fields_t;

static esp_err_t reject_library(esp_err_t err, hr_report_t *report)
{
    return hr_reject(report, err, err == ESP_ERR_NO_MEM ? "no memory to check who is asking"
                                                        : "the library for SHA-256 fails");
}

static void write_hex(char *text, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Each of these goes on behind what it has read; NULL stays NULL. */

static const char *skip(const char *at, const char *text)
{
    size_t length = strlen(text);
    return at != NULL && strncmp(at, text, length) == 0 ? at + length : NULL;
}

static const char *read_hex(const char *at, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; at != NULL && i < size; i++) {
        /* the second is not looked at when the first is the end */
        int high = digit_value(at[0]);
        int low = high < 0 ? -1 : digit_value(at[1]);
        if (low < 0) {
            return NULL;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return at;
}

static esp_err_t read_header(const hr_auth_t *auth, const char *header, fields_t *fields,
                             hr_report_t *report)
{
    if (header == NULL) {
        return hr_reject(report, HOTRELOAD_ERR_AUTH_HEADER, "the request has no Authorization: it "
                         "has to be signed with key %s", auth->key_id);
    }
    if (skip(header, "HMAC-SHA256 nonce=") != NULL) {
        return hr_reject(report, HOTRELOAD_ERR_AUTH_VERSION,
                         "the request is signed in version 1, this firmware takes version %d: "
                         "update the client", HR_AUTH_VERSION);
    }
    const char *at = skip(header, "HMAC-SHA256 version=2,nonce=");
    const char *nonce = at;
    at = read_hex(at, fields->nonce, sizeof(fields->nonce));
    at = read_hex(skip(at, ",sha256="), fields->hash, sizeof(fields->hash));
    at = read_hex(skip(at, ",mac="), fields->mac, sizeof(fields->mac));
    if (at == NULL || *at != 0) {
        return hr_reject(report, HOTRELOAD_ERR_AUTH_HEADER,
                         "Authorization is not HMAC-SHA256 version=%d,nonce=<%d digits>,"
                         "sha256=<%d>,mac=<%d>", HR_AUTH_VERSION, HR_AUTH_NONCE_LENGTH,
                         2 * HR_SHA256_SIZE, 2 * HR_SHA256_SIZE);
    }
    memcpy(fields->nonce_text, nonce, HR_AUTH_NONCE_LENGTH);
    fields->nonce_text[HR_AUTH_NONCE_LENGTH] = 0;
    return ESP_OK;
}

static esp_err_t make_nonce(const hr_auth_t *auth, int64_t issue, uint8_t nonce[NONCE_SIZE],
                            hr_report_t *report)
{
    uint8_t mac[HR_SHA256_SIZE];
    for (size_t i = 0; i < TIME_SIZE; i++) {
        nonce[i] = (uint8_t)((uint64_t)issue >> 8 * (TIME_SIZE - 1 - i));
    }
    esp_err_t err = hr_hmac_sha256(auth->nonce_key, sizeof(auth->nonce_key), nonce, TIME_SIZE, mac);
    if (err != ESP_OK) {
        return reject_library(err, report);
    }
    memcpy(nonce + TIME_SIZE, mac, NONCE_MAC_SIZE);
    return ESP_OK;
}

static int64_t issue_of(const uint8_t nonce[NONCE_SIZE])
{
    uint64_t issue = 0;
    for (size_t i = 0; i < TIME_SIZE; i++) {
        issue = issue << 8 | nonce[i];
    }
    return (int64_t)issue;
}

static esp_err_t check_nonce(const hr_auth_t *auth, const uint8_t nonce[NONCE_SIZE], int64_t now,
                             hr_report_t *report)
{
    uint8_t own[NONCE_SIZE];
    int64_t issue = issue_of(nonce);
    esp_err_t err = make_nonce(auth, issue, own, report);
    if (err != ESP_OK) {
        return err;
    }
    if (!hr_sha256_same(own, nonce, NONCE_SIZE)) {
        return hr_reject(report, HOTRELOAD_ERR_AUTH_NONCE,
                         "the nonce is not one of this device since its start: ask for another");
    }
    if (now - issue > auth->lifetime || issue <= auth->forgotten) {
        return hr_reject(report, HOTRELOAD_ERR_AUTH_NONCE,
                         "the nonce is %u ms old, which is too old: ask for another",
                         (unsigned)((now - issue) / 1000));
    }
    return ESP_OK;
}

static esp_err_t check_mac(const hr_auth_t *auth, const char *endpoint, const fields_t *fields,
                           hr_report_t *report)
{
    char hash[HR_SHA256_TEXT_SIZE];
    char text[TEXT_SIZE];
    uint8_t mac[HR_SHA256_SIZE];
    hr_sha256_to_text(fields->hash, hash);
    int length = snprintf(text, sizeof(text), "hotreload-%d\n%s\n%s\n%s\n%s\n", HR_AUTH_VERSION,
                          endpoint, auth->device, fields->nonce_text, hash);
    esp_err_t err = hr_hmac_sha256(auth->key, HR_KEY_SIZE, text, (size_t)length, mac);
    if (err != ESP_OK) {
        return reject_library(err, report);
    }
    if (!hr_sha256_same(mac, fields->mac, sizeof(mac))) {
        return hr_reject(report, HOTRELOAD_ERR_AUTH_MAC,
                         "the mac is not that of %s on device %s with key %s", endpoint,
                         auth->device, auth->key_id);
    }
    return ESP_OK;
}

static esp_err_t use(hr_auth_t *auth, int64_t issue, hr_report_t *report)
{
    size_t oldest = 0;
    for (size_t i = 0; i < HR_AUTH_USED_MAX; i++) {
        if (auth->used[i] == issue) {
            return hr_reject(report, HOTRELOAD_ERR_AUTH_REPLAYED,
                             "the nonce was used by another request: ask for one for each");
        }
        if (auth->used[i] < auth->used[oldest]) {
            oldest = i;
        }
    }
    if (auth->used[oldest] > auth->forgotten) {
        auth->forgotten = auth->used[oldest];
    }
    /* one that is older than those is refused from now on as they are */
    auth->used[oldest] = issue;
    return ESP_OK;
}

static esp_err_t make_key_id(hr_auth_t *auth)
{
    uint8_t hash[HR_SHA256_SIZE];
    esp_err_t err = hr_sha256(auth->key, HR_KEY_SIZE, hash);
    if (err == ESP_OK) {
        write_hex(auth->key_id, hash, HR_AUTH_KEY_ID_LENGTH / 2);
    }
    return err;
}

esp_err_t hr_auth_init(hr_auth_t *auth, const uint8_t *key, hr_auth_device_t device,
                       const uint8_t random[HR_SHA256_SIZE], int64_t lifetime,
                       hr_report_t *report)
{
    *auth = (hr_auth_t) {.key = key, .lifetime = lifetime};
    write_hex(auth->device, device.bytes, sizeof(device.bytes));
    esp_err_t err = make_key_id(auth);
    if (err == ESP_OK) {
        /* so that who can guess the random bytes, but lacks the key, can make no nonce */
        err = hr_hmac_sha256(key, HR_KEY_SIZE, random, HR_SHA256_SIZE, auth->nonce_key);
    }
    return err == ESP_OK ? ESP_OK : reject_library(err, report);
}

esp_err_t hr_auth_issue(hr_auth_t *auth, int64_t now, char nonce[HR_AUTH_NONCE_LENGTH + 1],
                        hr_report_t *report)
{
    uint8_t bytes[NONCE_SIZE];
    int64_t issue = now > auth->newest ? now : auth->newest + 1;
    esp_err_t err = make_nonce(auth, issue, bytes, report);
    if (err == ESP_OK) {
        auth->newest = issue;
        write_hex(nonce, bytes, sizeof(bytes));
    }
    return err;
}

esp_err_t hr_auth_check(hr_auth_t *auth, const char *endpoint, const char *authorization,
                        int64_t now, uint8_t module[HR_SHA256_SIZE], hr_report_t *report)
{
    fields_t fields;
    esp_err_t err = read_header(auth, authorization, &fields, report);
    if (err == ESP_OK) {
        err = check_nonce(auth, fields.nonce, now, report);
    }
    if (err == ESP_OK) {
        err = check_mac(auth, endpoint, &fields, report);
    }
    /* last: only who has the key gets here */
    if (err == ESP_OK) {
        err = use(auth, issue_of(fields.nonce), report);
    }
    if (err == ESP_OK) {
        memcpy(module, fields.hash, sizeof(fields.hash));
    }
    return err;
}

/* An origin of this very server, whichever of its addresses the browser knows. */
static bool is_own(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

bool hr_auth_may_from(const char *origin, const char *host, const char *site, const char *trusted)
{
    if (origin != NULL) {
        return (*trusted != 0 && strcasecmp(origin, trusted) == 0) || is_own(origin, host);
    }
    /* "none": typed by the user */
    return site == NULL || strcasecmp(site, "same-origin") == 0 || strcasecmp(site, "none") == 0;
}
