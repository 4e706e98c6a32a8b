/* SPDX-License-Identifier: MIT */
/* time of day: the board's clock from an offset that settimeofday() sets */
#include <errno.h>
#include <reent.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "esp_rom_sys.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "xtensa/xt_timer.h"

static portMUX_TYPE s_lock = portMUX_INITIALIZER_UNLOCKED;
static int64_t s_boot_us; /* time of day at boot */

static int64_t us_since_boot(void)
{
    return (int64_t)(xt_timer_cycles() / (xt_timer_hz() / 1000000));
}

static int64_t boot_us(void)
{
    portENTER_CRITICAL(&s_lock);
    int64_t us = s_boot_us;
    portEXIT_CRITICAL(&s_lock);
    return us;
}

static void set_time_of_day(int64_t us)
{
    portENTER_CRITICAL(&s_lock);
    s_boot_us = us - us_since_boot();
    portEXIT_CRITICAL(&s_lock);
}

int _gettimeofday_r(struct _reent *reent, struct timeval *now, void *zone)
{
    (void)reent;
    (void)zone;
    int64_t us = boot_us() + us_since_boot();
    if (now) {
        *now = (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    }
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    return _gettimeofday_r(__getreent(), now, zone);
}

int settimeofday(const struct timeval *now, const struct timezone *zone)
{
    (void)zone;
    if (now) {
        set_time_of_day((int64_t)now->tv_sec * 1000000 + now->tv_usec);
    }
    return 0;
}

time_t time(time_t *now)
{
    struct timeval tv;
    gettimeofday(&tv, NULL);
    if (now) {
        *now = tv.tv_sec;
    }
    return tv.tv_sec;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        errno = EINVAL;
        return -1;
    }
    int64_t us = us_since_boot() + (clock == CLOCK_REALTIME ? boot_us() : 0);
    *now = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    return 0;
}

clock_t _times_r(struct _reent *reent, struct tms *times)
{
    (void)reent;
    clock_t ticks = (clock_t)(us_since_boot() * CLOCKS_PER_SEC / 1000000);
    *times = (struct tms){.tms_utime = ticks};
    return ticks;
}

clock_t clock(void)
{
    struct tms times;
    return _times_r(__getreent(), &times);
}

int usleep(useconds_t us)
{
    const uint32_t us_per_tick = 1000000 / configTICK_RATE_HZ;
    if (us < us_per_tick) {
        esp_rom_delay_us(us);
    } else {
        /* the first tick is cut short by its part that has passed */
        vTaskDelay((us + us_per_tick - 1) / us_per_tick + 1);
    }
    return 0;
}

unsigned sleep(unsigned seconds)
{
    vTaskDelay(seconds * configTICK_RATE_HZ + 1);
    return 0;
}
