/* SPDX-License-Identifier: MIT */
#include "hr_upload.h"

#include <stdlib.h>

#include "hotreload.h"
#include "hr_multipart.h"
#include "hr_operation.h"
#include "hr_update.h"

#define RECEIVE_SIZE 1024
/* boundaries, part headers and other fields of a form */
#define MULTIPART_OVERHEAD 4096
/* "multipart/form-data; boundary=" with a boundary of 70 characters, and room for charset */
#define CONTENT_TYPE_SIZE 160

/* One for each upload, on the heap: too large for a stack. */
typedef struct {
    const hr_upload_target_t *target;
    hr_update_t update;
    bool is_form;
    hr_multipart_t form;
    char content_type[CONTENT_TYPE_SIZE];
    uint8_t received[RECEIVE_SIZE];
} upload_t;

static esp_err_t reject_too_large(const upload_t *upload, hr_report_t *report)
{
    return hr_reject(report, HOTRELOAD_ERR_TOO_LARGE,
                     "the upload is larger than the %u bytes that the server takes",
                     (unsigned)upload->target->max_size);
}

/* What the headers say, before anything of the body is read. */
static esp_err_t check_headers(const upload_t *upload, const httpd_req_t *request,
                               hr_report_t *report)
{
    size_t overhead = upload->is_form ? MULTIPART_OVERHEAD : 0;
    if (httpd_req_get_hdr_value_len((httpd_req_t *)request, "Content-Length") == 0) {
        return hr_reject(report, HOTRELOAD_ERR_LENGTH_REQUIRED,
                         "the request has no Content-Length");
    }
    if (request->content_len == 0) {
        return hr_reject(report, HOTRELOAD_ERR_EMPTY, "the request has no body");
    }
    if (request->content_len > upload->target->max_size + overhead) {
        return reject_too_large(upload, report);
    }
    return ESP_OK;
}

static esp_err_t append(void *context, const void *data, size_t size)
{
    upload_t *upload = context;
    if (size > upload->target->max_size - upload->update.flash.size) {
        return reject_too_large(upload, &upload->update.report);
    }
    return hr_update_append(&upload->update, data, size);
}

static esp_err_t receive_some(httpd_req_t *request, upload_t *upload, size_t remaining,
                              size_t *received)
{
    size_t wanted = remaining < RECEIVE_SIZE ? remaining : RECEIVE_SIZE;
    int result = httpd_req_recv(request, (char *)upload->received, wanted);
    if (result == HTTPD_SOCK_ERR_TIMEOUT) {
        return hr_reject(&upload->update.report, HOTRELOAD_ERR_BODY_TIMEOUT,
                         "the client stopped sending %u bytes before the end of the body",
                         (unsigned)remaining);
    }
    if (result <= 0) {
        return hr_reject(&upload->update.report, HOTRELOAD_ERR_BODY_TRUNCATED,
                         "the connection ended %u bytes before the end of the body",
                         (unsigned)remaining);
    }
    *received = result;
    return ESP_OK;
}

static esp_err_t receive_all(httpd_req_t *request, upload_t *upload)
{
    hr_report_t *report = &upload->update.report;
    esp_err_t err = ESP_OK;
    size_t received = 0;
    for (size_t done = 0; err == ESP_OK && done < request->content_len; done += received) {
        err = receive_some(request, upload, request->content_len - done, &received);
        if (err != ESP_OK) {
            return err;
        }
        err = upload->is_form
                  ? hr_multipart_feed(&upload->form, upload->received, received, report)
                  : append(upload, upload->received, received);
    }
    if (err == ESP_OK && upload->is_form) {
        err = hr_multipart_end(&upload->form, report);
    }
    return err;
}

static esp_err_t open_body(httpd_req_t *request, upload_t *upload, hr_report_t *report)
{
    upload->content_type[0] = 0;
    /* an absent type is a raw body; one that is too long is cut and then found wrong */
    (void)httpd_req_get_hdr_value_str(request, "Content-Type", upload->content_type,
                                      sizeof(upload->content_type));
    upload->is_form = hr_multipart_is(upload->content_type);
    esp_err_t err = check_headers(upload, request, report);
    if (err == ESP_OK && upload->is_form) {
        err = hr_multipart_begin(&upload->form, upload->content_type, append, upload, report);
    }
    return err;
}

static esp_err_t write_body(httpd_req_t *request, upload_t *upload, uint32_t *size,
                            hr_report_t *report)
{
    hr_update_t *update = &upload->update;
    esp_err_t err = hr_update_begin(update, upload->target->partition_label, request->content_len);
    if (err == ESP_OK) {
        err = receive_all(request, upload);
        if (err == ESP_OK) {
            err = hr_update_commit(update, &upload->target->exports);
        }
        *size = update->flash.size;
        err = hr_update_end(update, err);
    }
    *report = update->report;
    return err;
}

esp_err_t hr_upload_receive(httpd_req_t *request, const hr_upload_target_t *target,
                            uint32_t *size, hr_report_t *report)
{
    upload_t *upload = malloc(sizeof(*upload));
    if (upload == NULL) {
        return hr_reject(report, ESP_ERR_NO_MEM, "no memory for an upload");
    }
    upload->target = target;
    esp_err_t err = open_body(request, upload, report);
    if (err != ESP_OK) {
        hr_operation_refuse("upload", err, report);
    } else {
        err = write_body(request, upload, size, report);
    }
    free(upload);
    return err;
}
