/* What the firmware offers to its module. The module links against these addresses. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct channel channel_t;

extern uint32_t firmware_word;
extern const char firmware_name[];
extern const uint32_t firmware_table[8];
extern int32_t (*firmware_operation)(int32_t a, int32_t b);

int32_t firmware_add(int32_t a, int32_t b);
int32_t firmware_negate(int32_t a);

/* calls the module's sig_recurse(depth - 1) through its stub */
uint32_t firmware_bounce(uint32_t depth);

/* calls the module's visit(depth - 1, slot) through its stub */
uint32_t firmware_visit(uint32_t depth, uint32_t slot);

/* stays as the visitor of that slot shall; the module goes on when the result points to true */
const volatile bool *firmware_stay(uint32_t slot);

/* ends the task of a visitor */
void firmware_leave(uint32_t slot, uint32_t result);

/* prints what a constructor or a destructor has to say, and in which task */
void firmware_note(const char *what);

/* whether another task gets an answer of hotreload_load() meanwhile */
int32_t firmware_others_may_load(void);

/* A connection-like object: it has an identity and a history, and is lost when its
   owner forgets the handle. */
channel_t *channel_open(void);
uint32_t channel_write(channel_t *channel, uint32_t word);
void channel_close(channel_t *channel);

#ifdef __cplusplus
}
#endif
