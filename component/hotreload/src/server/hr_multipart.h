/* SPDX-License-Identifier: MIT */
/* Takes the file out of a multipart/form-data body that arrives in pieces (RFC 7578, RFC 2046
   section 5.1). The file is the only part with content that has a filename or is named "file"; other
   parts are skipped, and so are those that a browser sends for a field in which no file was chosen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "port/hr_report.h"

/* RFC 2046: at most 70 characters */
#define HR_MULTIPART_BOUNDARY_MAX 70
/* longer header lines are cut, or refused when they could be the file's */
#define HR_MULTIPART_LINE_MAX 256

typedef esp_err_t (*hr_multipart_sink_t)(void *context, const void *data, size_t size);

typedef struct {
    char delimiter[4 + HR_MULTIPART_BOUNDARY_MAX]; /* CR LF - - boundary */
    size_t delimiter_size;
    size_t matched; /* bytes of the delimiter seen so far */

    enum {
        HR_MULTIPART_DATA,      /* preamble or content, up to a delimiter */
        HR_MULTIPART_DELIMITER, /* the rest of a delimiter's line */
        HR_MULTIPART_HEADER,    /* header lines of a part */
        HR_MULTIPART_END,       /* behind the last delimiter */
    } state;
    char line[HR_MULTIPART_LINE_MAX];
    size_t line_size;

    bool part_is_file; /* of the part that is being read */
    bool taking;       /* its content goes to the sink */
    bool part_has_bytes;
    bool found;     /* a file, be it empty */
    bool has_bytes; /* one that is not */

    hr_multipart_sink_t sink;
    void *context;
} hr_multipart_t;

/* Starts with the value of Content-Type. False when that is not multipart/form-data. */
bool hr_multipart_is(const char *content_type);
esp_err_t hr_multipart_begin(hr_multipart_t *parser, const char *content_type,
                             hr_multipart_sink_t sink, void *context, hr_report_t *report);

/* Feeds the next piece. Errors are those of the syntax and those of the sink. */
esp_err_t hr_multipart_feed(hr_multipart_t *parser, const void *data, size_t size,
                            hr_report_t *report);

/* The body is over: it has to be complete and to have held a file. */
esp_err_t hr_multipart_end(const hr_multipart_t *parser, hr_report_t *report);
