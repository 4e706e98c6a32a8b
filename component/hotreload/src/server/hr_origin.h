/* SPDX-License-Identifier: MIT */
/* Requests that a page of another site makes in the browser of somebody who can reach the device. */
#pragma once

#include <stdbool.h>

/* Whether the request may change something. All are values of headers, NULL without one: `origin` of
   Origin (RFC 6454), `host` of Host, `site` of Sec-Fetch-Site (Fetch Metadata). Programs that are no
   browser send neither the first nor the last. `trusted` is an origin whose pages may as well, or
   empty. */
bool hr_origin_may(const char *origin, const char *host, const char *site, const char *trusted);
