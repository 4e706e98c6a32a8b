/* Static data of the firmware that no load may touch. */
#pragma once

#include <stdint.h>

typedef struct {
    uint32_t opened;
    uint32_t closed;
    uint32_t digest; /* of all words written to the channel used last */
} channel_report_t;

/* of the channels in firmware_api.c */
channel_report_t channel_report(void);
