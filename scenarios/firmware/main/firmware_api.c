/* The functions and data of the firmware that modules may use. */
#include "firmware_api.h"

#include <stdlib.h>

#include "firmware_state.h"
#include "module_api.h"
#include "sdkconfig.h"

uint32_t firmware_word = 0x600dd00d;
const char firmware_name[] = "scenario firmware";
const uint32_t firmware_table[8] = {11, 22, 33, 44, 55, 66, 77, 88};
int32_t (*firmware_operation)(int32_t a, int32_t b) = firmware_add;

struct channel {
    uint32_t sent;
    uint32_t digest;
};

static uint32_t channels_opened;
static uint32_t channels_closed;
static uint32_t channel_digest;

int32_t firmware_add(int32_t a, int32_t b)
{
    return a + b;
}

int32_t firmware_negate(int32_t a)
{
#ifdef CONFIG_SCENARIO_OTHER_FIRMWARE
    return 1 - a;
#else
    return -a;
#endif
}

uint32_t firmware_bounce(uint32_t depth)
{
    volatile uint32_t mine = depth;
    return sig_recurse(depth - 1) + (mine - depth);
}

channel_t *channel_open(void)
{
    channel_t *channel = calloc(1, sizeof(*channel));
    if (channel != NULL) {
        channels_opened++;
    }
    return channel;
}

uint32_t channel_write(channel_t *channel, uint32_t word)
{
    channel->digest = channel->digest * 31 + word;
    channel_digest = channel->digest;
    return ++channel->sent;
}

void channel_close(channel_t *channel)
{
    free(channel);
    channels_closed++;
}

channel_report_t channel_report(void)
{
    channel_report_t report = {
        .opened = channels_opened,
        .closed = channels_closed,
        .digest = channel_digest,
    };
    return report;
}
