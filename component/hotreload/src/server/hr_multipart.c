/* SPDX-License-Identifier: MIT */
#include "server/hr_multipart.h"

#include <string.h>
#include <strings.h>

#include "hotreload.h"

/* One `name=value` of a header; points into the header. */
typedef struct {
    const char *name;
    size_t name_size;
    const char *value; /* as it is written: what a backslash protects is behind it */
    size_t value_size;
    bool quoted;
} parameter_t;

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_spaces(const char *at)
{
    while (is_space(*at)) {
        at++;
    }
    return at;
}

/* A value in quotes, in which a backslash protects the next character. */
static const char *read_quoted(const char *at, parameter_t *parameter)
{
    parameter->quoted = true;
    parameter->value = ++at;
    while (*at != 0 && *at != '"') {
        at += at[0] == '\\' && at[1] != 0 ? 2 : 1;
    }
    parameter->value_size = at - parameter->value;
    return *at == '"' ? at + 1 : at;
}

static const char *read_token(const char *at, parameter_t *parameter)
{
    parameter->value = at;
    while (*at != 0 && *at != ';' && !is_space(*at)) {
        at++;
    }
    parameter->value_size = at - parameter->value;
    return at;
}

/* The parameter behind the next semicolon; NULL when there is none. */
static const char *next_parameter(const char *at, parameter_t *parameter)
{
    at = strchr(at, ';');
    if (at == NULL) {
        return NULL;
    }
    at = skip_spaces(at + 1);
    parameter->name = at;
    parameter->name_size = strcspn(at, "=;");
    parameter->value = "";
    parameter->value_size = 0;
    parameter->quoted = false;
    at += parameter->name_size;
    if (*at != '=') {
        return at;
    }
    at++;
    return *at == '"' ? read_quoted(at, parameter) : read_token(at, parameter);
}

/* Without the backslashes that protect characters, and at most `room` bytes. Returns how many bytes
   the value has. */
static size_t copy_value(const parameter_t *parameter, char *copy, size_t room)
{
    size_t size = 0;
    for (size_t i = 0; i < parameter->value_size; i++) {
        if (parameter->quoted && parameter->value[i] == '\\' && i + 1 < parameter->value_size) {
            i++;
        }
        if (size < room) {
            copy[size] = parameter->value[i];
        }
        size++;
    }
    return size;
}

static bool is_named(const parameter_t *parameter, const char *name)
{
    return parameter->name_size == strlen(name)
           && strncasecmp(parameter->name, name, parameter->name_size) == 0;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool describes_file(const char *disposition)
{
    parameter_t parameter;
    while ((disposition = next_parameter(disposition, &parameter)) != NULL) {
        if (is_named(&parameter, "filename") || is_named(&parameter, "filename*")) {
            return true;
        }
        char name[4];
        if (is_named(&parameter, "name") && copy_value(&parameter, name, sizeof(name)) == 4
            && memcmp(name, "file", 4) == 0) {
            return true;
        }
    }
    return false;
}

bool hr_multipart_is(const char *content_type)
{
    return starts_with(content_type, "multipart/form-data");
}

static esp_err_t set_boundary(hr_multipart_t *parser, const char *content_type,
                              hr_report_t *report)
{
    parameter_t parameter;
    const char *at = content_type;
    while ((at = next_parameter(at, &parameter)) != NULL) {
        if (!is_named(&parameter, "boundary")) {
            continue;
        }
        size_t size = copy_value(&parameter, parser->delimiter + 4, HR_MULTIPART_BOUNDARY_MAX);
        if (size == 0 || size > HR_MULTIPART_BOUNDARY_MAX) {
            return hr_reject(report, HOTRELOAD_ERR_MULTIPART,
                             "the boundary in Content-Type has %u characters, not 1 to %u",
                             (unsigned)size, HR_MULTIPART_BOUNDARY_MAX);
        }
        memcpy(parser->delimiter, "\r\n--", 4);
        parser->delimiter_size = 4 + size;
        return ESP_OK;
    }
    return hr_reject(report, HOTRELOAD_ERR_MULTIPART, "Content-Type has no boundary");
}

esp_err_t hr_multipart_begin(hr_multipart_t *parser, const char *content_type,
                             hr_multipart_sink_t sink, void *context, hr_report_t *report)
{
    *parser = (hr_multipart_t) {
        .state = HR_MULTIPART_DATA,
        .matched = 2, /* at the start of the body a delimiter has no CR LF before it */
        .sink = sink,
        .context = context,
    };
    return set_boundary(parser, content_type, report);
}

static esp_err_t take(hr_multipart_t *parser, const char *data, size_t size, hr_report_t *report)
{
    if (!parser->taking || size == 0) {
        return ESP_OK;
    }
    if (!parser->part_has_bytes && parser->has_bytes) {
        return hr_reject(report, HOTRELOAD_ERR_MULTIPART, "the form has more than one file");
    }
    parser->part_has_bytes = true;
    parser->has_bytes = true;
    return parser->sink(parser->context, data, size);
}

/* Looks for the delimiter. CR occurs only at its start, so after a mismatch the search goes on with
   the same byte. Tells how many bytes it used. */
static esp_err_t feed_data(hr_multipart_t *parser, const char *data, size_t size, size_t *used,
                           hr_report_t *report)
{
    if (parser->matched == 0) {
        const char *cr = memchr(data, '\r', size);
        size_t content = cr != NULL ? (size_t)(cr - data) : size;
        parser->matched = cr != NULL ? 1 : 0;
        *used = content + parser->matched;
        return take(parser, data, content, report);
    }
    if (*data != parser->delimiter[parser->matched]) {
        size_t content = parser->matched;
        parser->matched = 0;
        *used = 0;
        return take(parser, parser->delimiter, content, report);
    }
    *used = 1;
    parser->matched++;
    if (parser->matched == parser->delimiter_size) {
        parser->state = HR_MULTIPART_DELIMITER;
        parser->taking = false;
        parser->line_size = 0;
    }
    return ESP_OK;
}

/* Collects a line without its end; true when it is complete. */
static bool collect_line(hr_multipart_t *parser, char c)
{
    if (c == '\n') {
        if (parser->line_size > 0 && parser->line[parser->line_size - 1] == '\r') {
            parser->line_size--;
        }
        parser->line[parser->line_size] = 0;
        return true;
    }
    if (parser->line_size < sizeof(parser->line) - 1) {
        parser->line[parser->line_size++] = c;
    }
    return false;
}

static void start_part(hr_multipart_t *parser)
{
    parser->state = HR_MULTIPART_HEADER;
    parser->line_size = 0;
    parser->part_is_file = false;
}

static esp_err_t feed_delimiter(hr_multipart_t *parser, char c, hr_report_t *report)
{
    bool complete = collect_line(parser, c);
    if (parser->line_size == 2 && memcmp(parser->line, "--", 2) == 0) {
        parser->state = HR_MULTIPART_END;
        return ESP_OK;
    }
    if (!complete) {
        return ESP_OK;
    }
    if (*skip_spaces(parser->line) != 0) {
        return hr_reject(report, HOTRELOAD_ERR_MULTIPART,
                         "a boundary is followed by \"%.16s\"", parser->line);
    }
    start_part(parser);
    return ESP_OK;
}

static void start_content(hr_multipart_t *parser)
{
    parser->state = HR_MULTIPART_DATA;
    parser->matched = 0;
    parser->taking = parser->part_is_file;
    parser->part_has_bytes = false;
    parser->found = parser->found || parser->taking;
}

static esp_err_t check_header(const hr_multipart_t *parser, hr_report_t *report)
{
    if (memchr(parser->line, 0, parser->line_size) != NULL) {
        return hr_reject(report, HOTRELOAD_ERR_MULTIPART, "a header of a part has a zero byte: %s",
                         parser->line);
    }
    if (starts_with(parser->line, "Content-Type:")
        && starts_with(skip_spaces(parser->line + strlen("Content-Type:")), "multipart/")) {
        return hr_reject(report, HOTRELOAD_ERR_MULTIPART, "a part has parts of its own: %.64s",
                         parser->line);
    }
    return ESP_OK;
}

static esp_err_t read_disposition(hr_multipart_t *parser, hr_report_t *report)
{
    /* cut off, and with it perhaps what makes it a file */
    if (parser->line_size == sizeof(parser->line) - 1) {
        return hr_reject(report, HOTRELOAD_ERR_MULTIPART,
                         "a Content-Disposition has more than %u bytes",
                         (unsigned)sizeof(parser->line) - 2);
    }
    parser->part_is_file = describes_file(parser->line);
    return ESP_OK;
}

static esp_err_t feed_header(hr_multipart_t *parser, char c, hr_report_t *report)
{
    if (!collect_line(parser, c)) {
        return ESP_OK;
    }
    if (parser->line_size == 0) {
        start_content(parser);
        return ESP_OK;
    }
    esp_err_t err = check_header(parser, report);
    if (err == ESP_OK && starts_with(parser->line, "Content-Disposition:")) {
        err = read_disposition(parser, report);
    }
    parser->line_size = 0;
    return err;
}

esp_err_t hr_multipart_feed(hr_multipart_t *parser, const void *data, size_t size,
                            hr_report_t *report)
{
    const char *at = data;
    const char *end = at + size;
    while (at < end && parser->state != HR_MULTIPART_END) {
        size_t used = 1;
        esp_err_t err = ESP_OK;
        switch (parser->state) {
        case HR_MULTIPART_DATA:
            err = feed_data(parser, at, end - at, &used, report);
            break;
        case HR_MULTIPART_DELIMITER:
            err = feed_delimiter(parser, *at, report);
            break;
        default:
            err = feed_header(parser, *at, report);
            break;
        }
        if (err != ESP_OK) {
            return err;
        }
        at += used;
    }
    return ESP_OK;
}

esp_err_t hr_multipart_end(const hr_multipart_t *parser, hr_report_t *report)
{
    if (parser->state != HR_MULTIPART_END) {
        return hr_reject(report, HOTRELOAD_ERR_MULTIPART,
                         "the body ends without the last boundary");
    }
    if (!parser->found) {
        return hr_reject(report, HOTRELOAD_ERR_MULTIPART, "the body has no part with a file");
    }
    return ESP_OK;
}
