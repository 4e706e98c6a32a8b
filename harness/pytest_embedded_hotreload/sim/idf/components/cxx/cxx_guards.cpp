// What the compiler calls around the first call of a function with a static object (Itanium C++ ABI,
// "One-time Construction API"): the first byte of the guard says that the object is there, the second
// one that a task is making it.
#include <stdlib.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace {

portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;

void end(char *guard, char done)
{
    portENTER_CRITICAL(&lock);
    guard[0] = done;
    guard[1] = 0;
    portEXIT_CRITICAL(&lock);
}

}

extern "C" int __cxa_guard_acquire(char *guard)
{
    for (;;) {
        portENTER_CRITICAL(&lock);
        bool done = guard[0] != 0;
        bool is_mine = !done && guard[1] == 0;
        if (is_mine) {
            guard[1] = 1;
        }
        portEXIT_CRITICAL(&lock);
        if (done || is_mine) {
            return is_mine;
        }
        vTaskDelay(1);
    }
}

extern "C" void __cxa_guard_release(char *guard)
{
    end(guard, 1);
}

extern "C" void __cxa_guard_abort(char *guard)
{
    end(guard, 0);
}

extern "C" void __cxa_pure_virtual()
{
    abort();
}
