/* SPDX-License-Identifier: MIT */
#include "server/hr_origin.h"

#include <string.h>
#include <strings.h>

/* An origin of this very server, whichever of its addresses the browser knows. */
static bool is_own(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

bool hr_origin_may(const char *origin, const char *host, const char *site, const char *trusted)
{
    if (origin != NULL) {
        return (*trusted != 0 && strcasecmp(origin, trusted) == 0) || is_own(origin, host);
    }
    /* "none": typed by the user */
    return site == NULL || strcasecmp(site, "same-origin") == 0 || strcasecmp(site, "none") == 0;
}
