/* SPDX-License-Identifier: MIT */
#include "server/hr_upload.h"

#include <stdlib.h>
#include <sys/param.h>

#include "esp_timer.h"
#include "hotreload.h"
#include "server/hr_access.h"
#include "server/hr_connection.h"
#include "server/hr_multipart.h"
#include "lifecycle/hr_operation.h"
#include "server/hr_refusal.h"
#include "server/hr_request.h"
#include "lifecycle/hr_update.h"

/* stack of the upload's task */
#define STACK_SIZE 4096
/* 5 KB are in flash with two writes, or with three where a form's parser takes the rest of it; an
   upload stays below 8 KB of RAM */
#define CHUNK_SIZE 2560
/* of a form's body; any other is received to where it is written from */
#define FORM_BUFFER_SIZE 304
/* boundaries, part headers and other fields of a form */
#define MULTIPART_OVERHEAD 4096
/* "multipart/form-data; boundary=" with a boundary of 70 characters, and room for charset */
#define CONTENT_TYPE_SIZE 160

typedef struct {
    hr_multipart_t parser;
    char buffer[FORM_BUFFER_SIZE]; /* a piece of the body */
} form_t;

/* Receives some of the body before `deadline`; errors as those of hr_socket_receive(). */
typedef esp_err_t (*receive_t)(void *from, void *buffer, size_t size, int64_t deadline,
                               size_t *received);

/* One for each upload, on the heap: too large for a stack. */
typedef struct {
    const hr_upload_target_t *target;
    hr_upload_finish_t finish;
    receive_t receive;
    void *from;
    size_t length; /* of the body */
    size_t received;
    bool awaits_continue;
    int64_t deadline;
    hr_access_t access;
    hr_update_t update;
    form_t *form; /* behind `chunk`; NULL: the body is the module */
    _Alignas(form_t) uint8_t chunk[];
} upload_t;

/* the answer is put where the module was written from */
_Static_assert(HR_UPDATE_CHUNK_SIZE >= HR_ANSWER_SIZE, "room for any error");
_Static_assert(HR_UPDATE_CHUNK_SIZE % _Alignof(form_t) == 0, "a form lies behind it");

static esp_err_t reject_too_large(const hr_upload_target_t *target, hr_report_t *report)
{
    return hr_reject(report, HOTRELOAD_ERR_TOO_LARGE,
                     "the upload is larger than the %u bytes that the server takes",
                     (unsigned)target->max_size);
}

/* What the headers say, before anything of the body is read. */
static esp_err_t check_headers(httpd_req_t *request, const hr_upload_target_t *target,
                               bool is_form, hr_report_t *report)
{
    uint64_t length = 0;
    esp_err_t err = hr_request_length(request, &length, report);
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
    if (upload->form != NULL) {
        *size = sizeof(upload->form->buffer);
        return upload->form->buffer;
    }
    return hr_update_room(&upload->update, size);
}

/* Takes `size` bytes that were received there. */
static esp_err_t take(upload_t *upload, size_t size)
{
    upload->received += size;
    return upload->form != NULL ? hr_multipart_feed(&upload->form->parser, upload->form->buffer,
                                                    size, &upload->update.report)
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

static esp_err_t receive_some(upload_t *upload, size_t *size)
{
    size_t missing = upload->length - upload->received;
    size_t space;
    void *buffer = room(upload, &space);
    int64_t silence = esp_timer_get_time() + CONFIG_HOTRELOAD_RECV_TIMEOUT_MS * 1000LL;
    switch (upload->receive(upload->from, buffer, MIN(missing, space),
                            MIN(silence, upload->deadline), size)) {
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

static esp_err_t receive_all(upload_t *upload)
{
    size_t size;
    if (upload->awaits_continue) {
        hr_socket_continue(upload->from); /* who has gone is found out by the next line */
    }
    esp_err_t err = ESP_OK;
    while (err == ESP_OK && upload->received < upload->length) {
        err = receive_some(upload, &size);
        if (err == ESP_OK) {
            err = take(upload, size);
        }
    }
    if (err == ESP_OK && upload->form != NULL) {
        err = hr_multipart_end(&upload->form->parser, &upload->update.report);
    }
    return err;
}

static esp_err_t write_body(upload_t *upload)
{
    hr_update_t *update = &upload->update;
    esp_err_t err = hr_update_begin(update, upload->target->partition_label, upload->length);
    if (err != ESP_OK) {
        return err;
    }
    err = receive_all(upload);
    if (err == ESP_OK) {
        const hr_access_t *access = &upload->access;
        err = hr_update_commit(update, &upload->target->exports,
                               access->is_signed ? access->module : NULL);
    }
    return hr_update_end(update, err);
}

/* Its body becomes current, or not: `answer` says so, with the room that the module was written
   from. */
static esp_err_t run(upload_t *upload, hr_answer_t *answer)
{
    esp_err_t err = write_body(upload);
    *answer = (hr_answer_t) {
        .body = (char *)upload->update.flash.chunk,
        .size = upload->update.flash.chunk_size,
    };
    if (err == ESP_OK) {
        upload->finish(answer, upload->update.flash.size);
    } else {
        hr_answer_error(answer, err, &upload->update.report);
    }
    return err;
}

static esp_err_t receive_from_socket(void *from, void *buffer, size_t size, int64_t deadline,
                                     size_t *received)
{
    return hr_socket_receive(from, buffer, size, deadline, received);
}

/* In the upload's task. */
static void serve(hr_socket_t *socket, void *context)
{
    upload_t *upload = context;
    hr_answer_t answer;
    upload->receive = receive_from_socket;
    upload->from = socket;
    (void)run(upload, &answer);
    hr_answer_send_last(&answer, socket); /* it may have gone: nobody else wants to know */
    free(upload);
}

/* Hands the connection over to a task of its own. */
static esp_err_t hand_over(httpd_req_t *request, upload_t *upload, hr_report_t *report)
{
    upload->awaits_continue = hr_request_awaits_continue(request);
    esp_err_t err = hr_connection_take(request, STACK_SIZE, serve, upload);
    if (err == ESP_ERR_INVALID_STATE) {
        return hr_reject(report, HOTRELOAD_ERR_STOPPED, "the server is being stopped");
    }
    if (err == HOTRELOAD_ERR_CONNECTIONS) {
        return hr_reject(report, err, "%u clients have their answers and have not closed their "
                         "connections, which the device does after %u s",
                         HR_CONNECTION_MAX, HR_SOCKET_LINGER);
    }
    return err == ESP_OK ? err : hr_reject(report, err, "no memory for the upload's task");
}

/* The server waits as long as it was configured to, and may be late by as much. */
static esp_err_t receive_in_handler(void *from, void *buffer, size_t size, int64_t deadline,
                                    size_t *received)
{
    int result = HTTPD_SOCK_ERR_TIMEOUT;
    while (result == HTTPD_SOCK_ERR_TIMEOUT) {
        if (esp_timer_get_time() >= deadline) {
            return ESP_ERR_TIMEOUT;
        }
        result = httpd_req_recv(from, buffer, size);
    }
    *received = result;
    return result > 0 ? ESP_OK : ESP_FAIL;
}

static bool is_client_gone(esp_err_t err)
{
    return err == HOTRELOAD_ERR_BODY_TRUNCATED || err == HOTRELOAD_ERR_BODY_TIMEOUT
           || err == HOTRELOAD_ERR_UPLOAD_TIMEOUT;
}

/* In the handler, in a server of the application, which reads what is left of the body unless it is
   told to end the connection. */
static esp_err_t serve_in_handler(httpd_req_t *request, upload_t *upload)
{
    hr_answer_t answer;
    upload->receive = receive_in_handler;
    upload->from = request;
    esp_err_t err = run(upload, &answer);
    esp_err_t sent = hr_answer_send(&answer, request);
    free(upload);
    return is_client_gone(err) ? ESP_FAIL : sent;
}

static esp_err_t make_upload(httpd_req_t *request, bool is_form, const char *content_type,
                             upload_t **made, hr_report_t *report)
{
    uint32_t chunk_size = is_form ? HR_UPDATE_CHUNK_SIZE : CHUNK_SIZE;
    upload_t *upload =
        calloc(1, sizeof(*upload) + chunk_size + (is_form ? sizeof(form_t) : 0));
    if (upload == NULL) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for an upload");
    }
    upload->update.flash.chunk = upload->chunk;
    upload->update.flash.chunk_size = chunk_size;
    upload->form = is_form ? (form_t *)(upload->chunk + chunk_size) : NULL;
    esp_err_t err = is_form ? hr_multipart_begin(&upload->form->parser, content_type, append,
                                                 upload, report)
                            : ESP_OK;
    if (err != ESP_OK) {
        free(upload);
        return err;
    }
    upload->length = request->content_len;
    upload->deadline = esp_timer_get_time() + CONFIG_HOTRELOAD_UPLOAD_TIMEOUT_MS * 1000LL;
    *made = upload;
    return ESP_OK;
}

/* All that can be said before the body is read. With ESP_OK the caller has the claim of the update,
   which the end of the upload gives back. */
static esp_err_t begin(httpd_req_t *request, const hr_upload_target_t *target, upload_t **begun,
                       hr_report_t *report)
{
    hr_access_t access;
    char content_type[CONTENT_TYPE_SIZE];
    esp_err_t err = hr_access_check_module(request, &access, report);
    if (err != ESP_OK) {
        return err;
    }
    /* an absent type is a raw body; one that is too long is cut and then found wrong */
    (void)hr_request_get(request, "Content-Type", content_type, sizeof(content_type));
    bool is_form = hr_multipart_is(content_type);
    err = check_headers(request, target, is_form, report);
    if (err == ESP_OK) {
        err = hr_update_claim(report);
    }
    if (err != ESP_OK) {
        return err;
    }
    err = make_upload(request, is_form, content_type, begun, report);
    if (err != ESP_OK) {
        hr_update_release();
        return err;
    }
    (*begun)->target = target;
    (*begun)->access = access;
    return ESP_OK;
}

static esp_err_t refuse(httpd_req_t *request, esp_err_t err, const hr_report_t *report)
{
    hr_operation_refuse("upload", err, report);
    return hr_refusal_answer(request, err, report);
}

esp_err_t hr_upload_handle(httpd_req_t *request, const hr_upload_target_t *target,
                           hr_upload_finish_t finish)
{
    hr_report_t report;
    upload_t *upload;
    esp_err_t err = begin(request, target, &upload, &report);
    if (err != ESP_OK) {
        return refuse(request, err, &report);
    }
    upload->finish = finish;
    if (!hr_connection_owns(request->handle)) {
        return serve_in_handler(request, upload);
    }
    err = hand_over(request, upload, &report);
    if (err != ESP_OK) {
        free(upload);
        hr_update_release();
        return refuse(request, err, &report);
    }
    return hr_connection_result(request);
}
