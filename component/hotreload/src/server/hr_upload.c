/* SPDX-License-Identifier: MIT */
#include "server/hr_upload.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/param.h>

#include "esp_timer.h"
#include "hotreload.h"
#include "server/hr_access.h"
#include "server/hr_connection.h"
#include "server/hr_multipart.h"
#include "lifecycle/hr_operation.h"
#include "server/hr_refusal.h"
#include "lifecycle/hr_update.h"

/* stack of the upload's task */
#define STACK_SIZE 4096
/* of a form's body; any other is received to where it is written from */
#define FORM_BUFFER_SIZE 320
/* boundaries, part headers and other fields of a form */
#define MULTIPART_OVERHEAD 4096
/* "multipart/form-data; boundary=" with a boundary of 70 characters, and room for charset */
#define CONTENT_TYPE_SIZE 160
/* decimal digits of 2^64, and one more */
#define CONTENT_LENGTH_SIZE 22

typedef struct {
    hr_multipart_t parser;
    char buffer[FORM_BUFFER_SIZE]; /* a piece of the body */
} form_t;

/* One for each upload, on the heap: too large for a stack. */
typedef struct {
    const hr_upload_target_t *target;
    hr_upload_finish_t finish;
    void *context;
    size_t length; /* of the body */
    size_t received;
    size_t pending; /* where the first bytes of the body belong: came with the headers */
    bool awaits_continue;
    int64_t deadline;
    hr_access_t access;
    hr_update_t update;
    bool is_form;
    form_t form[]; /* one, or none */
} upload_t;

/* the answer is put where the module was written from */
_Static_assert(HR_STORE_CHUNK_SIZE >= HR_ANSWER_SIZE, "room for any error");

static esp_err_t reject_too_large(const hr_upload_target_t *target, hr_report_t *report)
{
    return hr_reject(report, HOTRELOAD_ERR_TOO_LARGE,
                     "the upload is larger than the %u bytes that the server takes",
                     (unsigned)target->max_size);
}

static bool has_header(httpd_req_t *request, const char *name)
{
    return httpd_req_get_hdr_value_len(request, name) > 0;
}

/* The header itself: content_len of esp_http_server has only 32 bits of it. */
static esp_err_t read_length(httpd_req_t *request, uint64_t *length, hr_report_t *report)
{
    char text[CONTENT_LENGTH_SIZE];
    if (has_header(request, "Transfer-Encoding") || !has_header(request, "Content-Length")) {
        return hr_reject(report, HOTRELOAD_ERR_LENGTH_REQUIRED,
                         "the request has no Content-Length");
    }
    esp_err_t err = httpd_req_get_hdr_value_str(request, "Content-Length", text, sizeof(text));
    *length = 0;
    for (const char *c = text; err == ESP_OK && *c != 0; c++) {
        if (*c < '0' || *c > '9') {
            return hr_reject(report, HOTRELOAD_ERR_REQUEST, "Content-Length is \"%s\"", text);
        }
        *length = *length < UINT32_MAX ? *length * 10 + (*c - '0') : *length;
    }
    /* cut off: more digits than any length has */
    *length = err == ESP_OK ? *length : UINT64_MAX;
    return ESP_OK;
}

/* What the headers say, before anything of the body is read. */
static esp_err_t check_headers(httpd_req_t *request, const hr_upload_target_t *target,
                               bool is_form, hr_report_t *report)
{
    uint64_t length = 0;
    esp_err_t err = read_length(request, &length, report);
    if (err != ESP_OK) {
        return err;
    }
    if (length == 0) {
        return hr_reject(report, HOTRELOAD_ERR_EMPTY, "the request has no body");
    }
    if (length > (uint64_t)target->max_size + (is_form ? MULTIPART_OVERHEAD : 0)) {
        return reject_too_large(target, report);
    }
    return ESP_OK;
}

static bool awaits_continue(httpd_req_t *request)
{
    char expectation[sizeof("100-continue")];
    return httpd_req_get_hdr_value_str(request, "Expect", expectation, sizeof(expectation))
               == ESP_OK
           && strcasecmp(expectation, "100-continue") == 0;
}

static esp_err_t append(void *context, const void *data, size_t size)
{
    upload_t *upload = context;
    if (size > upload->target->max_size - upload->update.flash.size) {
        return reject_too_large(upload->target, &upload->update.report);
    }
    return hr_update_append(&upload->update, data, size);
}

/* Where the next bytes of the body are received to. */
static void *room(upload_t *upload, size_t *size)
{
    if (upload->is_form) {
        *size = sizeof(upload->form->buffer);
        return upload->form->buffer;
    }
    return hr_update_room(&upload->update, size);
}

/* Takes `size` bytes that were received there. */
static esp_err_t take(upload_t *upload, size_t size)
{
    upload->received += size;
    return upload->is_form ? hr_multipart_feed(&upload->form->parser, upload->form->buffer, size,
                                               &upload->update.report)
                           : hr_update_add(&upload->update, size);
}

static esp_err_t reject_silence(upload_t *upload, int64_t silence)
{
    unsigned missing = upload->length - upload->received;
    if (silence < upload->deadline) {
        return hr_reject(&upload->update.report, HOTRELOAD_ERR_BODY_TIMEOUT,
                         "the client stopped sending %u bytes before the end of the body", missing);
    }
    return hr_reject(&upload->update.report, HOTRELOAD_ERR_UPLOAD_TIMEOUT,
                     "after %u ms %u bytes of the body are missing",
                     (unsigned)CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS, missing);
}

static esp_err_t receive_some(hr_socket_t *socket, upload_t *upload, size_t *size)
{
    size_t missing = upload->length - upload->received;
    size_t space;
    void *buffer = room(upload, &space);
    int64_t silence = esp_timer_get_time() + CONFIG_HOTRELOAD_RECV_TIMEOUT_MS * 1000LL;
    switch (hr_socket_receive(socket, buffer, MIN(missing, space), MIN(silence, upload->deadline),
                              size)) {
    case ESP_OK:
        return ESP_OK;
    case ESP_ERR_TIMEOUT:
        return reject_silence(upload, silence);
    case ESP_ERR_INVALID_STATE:
        return hr_reject(&upload->update.report, HOTRELOAD_ERR_STOPPED,
                         "the server was stopped during the upload");
    default:
        return hr_reject(&upload->update.report, HOTRELOAD_ERR_BODY_TRUNCATED,
                         "the connection ended %u bytes before the end of the body",
                         (unsigned)missing);
    }
}

static esp_err_t receive_all(hr_socket_t *socket, upload_t *upload)
{
    size_t size;
    if (upload->awaits_continue && upload->pending == 0) {
        hr_socket_continue(socket); /* who has gone is found out by the next line */
    }
    esp_err_t err = take(upload, upload->pending);
    while (err == ESP_OK && upload->received < upload->length) {
        err = receive_some(socket, upload, &size);
        if (err == ESP_OK) {
            err = take(upload, size);
        }
    }
    if (err == ESP_OK && upload->is_form) {
        err = hr_multipart_end(&upload->form->parser, &upload->update.report);
    }
    return err;
}

static esp_err_t write_body(hr_socket_t *socket, upload_t *upload)
{
    hr_update_t *update = &upload->update;
    esp_err_t err = hr_update_begin(update, upload->target->partition_label, upload->length);
    if (err != ESP_OK) {
        return err;
    }
    err = receive_all(socket, upload);
    if (err == ESP_OK) {
        const hr_access_t *access = &upload->access;
        err = hr_update_commit(update, &upload->target->exports,
                               access->is_signed ? access->module : NULL);
    }
    return hr_update_end(update, err);
}

/* In the upload's task. */
static void serve(hr_socket_t *socket, void *context)
{
    upload_t *upload = context;
    esp_err_t err = write_body(socket, upload);
    hr_answer_t answer = {
        .body = (char *)upload->update.flash.chunk,
        .size = sizeof(upload->update.flash.chunk),
    };
    if (err == ESP_OK) {
        upload->finish(upload->update.flash.size, upload->context, &answer);
    } else {
        hr_answer_error(&answer, err, &upload->update.report);
    }
    hr_answer_send_last(&answer, socket); /* it may have gone: nobody else wants to know */
    free(upload);
}

/* Hands the connection over. With the claim, which is given back on a failure. */
static esp_err_t hand_over(httpd_req_t *request, upload_t *upload, const char *content_type,
                           hr_report_t *report)
{
    size_t space;
    esp_err_t err = upload->is_form
                        ? hr_multipart_begin(&upload->form->parser, content_type, append, upload,
                                             report)
                        : ESP_OK;
    if (err != ESP_OK) {
        return err;
    }
    void *buffer = room(upload, &space);
    upload->awaits_continue = awaits_continue(request);
    upload->pending = hr_connection_pending(request, buffer, space);
    upload->deadline = esp_timer_get_time() + CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS * 1000LL;
    err = hr_connection_take(request, STACK_SIZE, serve, upload);
    if (err == ESP_ERR_INVALID_STATE) {
        return hr_reject(report, HOTRELOAD_ERR_STOPPED, "the server is being stopped");
    }
    return err == ESP_OK ? err : hr_reject(report, err, "no memory for the upload's task");
}

static esp_err_t begin(httpd_req_t *request, const hr_upload_target_t *target,
                       hr_upload_finish_t finish, hr_report_t *report)
{
    hr_access_t access;
    esp_err_t err = hr_access_check(request, &access, report);
    if (err != ESP_OK) {
        return err;
    }
    char content_type[CONTENT_TYPE_SIZE] = "";
    /* an absent type is a raw body; one that is too long is cut and then found wrong */
    (void)httpd_req_get_hdr_value_str(request, "Content-Type", content_type, sizeof(content_type));
    bool is_form = hr_multipart_is(content_type);
    err = check_headers(request, target, is_form, report);
    if (err == ESP_OK) {
        err = hr_update_claim(report);
    }
    if (err != ESP_OK) {
        return err;
    }
    upload_t *upload = calloc(1, sizeof(*upload) + (is_form ? sizeof(form_t) : 0));
    if (upload == NULL) {
        err = hr_reject(report, ESP_ERR_NO_MEM, "no memory for an upload");
    } else {
        upload->target = target;
        upload->finish = finish;
        upload->context = request->user_ctx;
        upload->length = request->content_len;
        upload->access = access;
        upload->is_form = is_form;
        err = hand_over(request, upload, content_type, report);
    }
    if (err != ESP_OK) {
        free(upload);
        hr_update_release();
    }
    return err;
}

esp_err_t hr_upload_handle(httpd_req_t *request, const hr_upload_target_t *target,
                           hr_upload_finish_t finish)
{
    hr_report_t report;
    esp_err_t err = begin(request, target, finish, &report);
    if (err == ESP_OK) {
        return hr_connection_result(request);
    }
    hr_operation_refuse("upload", err, &report);
    return hr_refusal_answer(request, err, &report);
}
