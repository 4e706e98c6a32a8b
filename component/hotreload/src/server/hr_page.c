/* SPDX-License-Identifier: MIT */
#include "server/hr_page.h"

#include "sdkconfig.h"

#if CONFIG_HOTRELOAD_WEB_PAGE

#include <stddef.h>
#include <stdint.h>

#include "server/hr_refusal.h"

/* made by the build, see CMakeLists.txt */
extern const uint8_t hotreload_page[];
extern const size_t hotreload_page_size;

/* It needs nothing of any other place, and no other page may show it in a frame. */
#define POLICY                                                                          \
    "default-src 'none';connect-src 'self';img-src data:;script-src 'unsafe-inline';" \
    "style-src 'unsafe-inline';frame-ancestors 'none'"

esp_err_t hr_page_handle(httpd_req_t *request)
{
    hr_report_t report;
    esp_err_t err = hr_refusal_check_no_body(request, &report);
    if (err != ESP_OK) {
        return hr_refusal_answer(request, err, &report);
    }
    httpd_resp_set_type(request, "text/html");
    httpd_resp_set_hdr(request, "Content-Encoding", "gzip");
    httpd_resp_set_hdr(request, "Content-Security-Policy", POLICY);
    httpd_resp_set_hdr(request, "Cache-Control", "no-cache");
    return httpd_resp_send(request, (const char *)hotreload_page, (ssize_t)hotreload_page_size);
}

#endif
