/* SPDX-License-Identifier: MIT */
/* What one slot of the partition says, out of its first bytes alone.

   A slot begins with HR_SLOT_HEADER_SIZE bytes, the ELF follows:

     0   record: "HRR3", sequence, size of the ELF, its SHA-256, the identity of the firmware that it
         is for, CRC-32
     64  state: four lives of four words {begun, confirmed, bad, ended}, all ones when written. The last
         life cannot end: its last word is the CRC-32 of the ELF, all ones where none was written

   The header is written last and at once. With each update the sequence is one higher, and the
   CRC-32 covers it, behind the other fields. The build flashes its record with sequence 0xffffffff,
   which is newer than all and not covered by the CRC-32: an update that is newer programs the word
   to 0, from when on it is older than all. Of a write of that word which lost power, some bits are
   cleared, which counts the same: a newer module is complete then, or there is none.

   A state changes by programming one word, without an erase. `begun` loses one bit with each start
   that is counted. The others count as set only when the word is 0: a write that lost power has not
   happened, and can be repeated. `ended` begins the next life, in which nothing is known of the
   module, so that what was marked can be taken back three times.

   What else may be at the start of a slot:
   - an ELF header (first slot only): a raw ELF that was flashed from outside. It is newer than all,
     until an update that is newer clears its e_flags, which nobody reads and binutils always sets.
     Bits of its first word cleared: bad. It has no other state;
   - "HRR2": a record of the component before this one. Its module was linked against another
     firmware, to which it belongs;
   - anything else: nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "elf/hr_elf.h"
#include "elf/hr_identity.h"
#include "port/hr_sha256.h"

#define HR_SLOT_HEADER_SIZE 128
#define HR_SLOT_LIVES 4
/* sequence of what was flashed, until it is superseded */
#define HR_SLOT_FLASHED 0xffffffffu
/* in the place of the CRC-32 of an ELF: nobody has written it */
#define HR_SLOT_NO_CRC 0xffffffffu

typedef enum {
    HR_SLOT_BLANK,
    HR_SLOT_DAMAGED,
    HR_SLOT_WRITTEN,   /* unproven; it may have been started */
    HR_SLOT_CONFIRMED,
    HR_SLOT_BAD,
    HR_SLOT_YIELDED,   /* started too often without being confirmed */
    HR_SLOT_OTHER,     /* another firmware's */
} hr_slot_state_t;

typedef enum {
    HR_SLOT_NO_MODULE,
    HR_SLOT_RAW,
    HR_SLOT_RECORDED,
    HR_SLOT_RECORDED_BEFORE, /* by the component before this one */
} hr_slot_format_t;

typedef struct {
    uint32_t magic;
    uint32_t sequence;
    uint32_t size; /* of the ELF */
    uint8_t hash[HR_SHA256_SIZE];
    hr_identity_t firmware;
    uint32_t check;
} hr_slot_record_t;

typedef struct {
    uint32_t begun;
    uint32_t confirmed;
    uint32_t bad;
    uint32_t ended;
} hr_slot_life_t;

typedef union {
    struct {
        hr_slot_record_t record;
        hr_slot_life_t lives[HR_SLOT_LIVES];
    };
    struct {
        uint8_t before_crc[HR_SLOT_HEADER_SIZE - sizeof(uint32_t)];
        uint32_t elf_crc; /* in the place of the last life's `ended` */
    };
    hr_elf_header_t elf;
} hr_slot_header_t;

_Static_assert(sizeof(hr_slot_header_t) == HR_SLOT_HEADER_SIZE, "the layout in flash");

typedef struct {
    hr_slot_state_t state; /* never HR_SLOT_YIELDED, which depends on what else is known */
    hr_slot_format_t format;
    bool flashed;          /* from outside */
    bool marked_bad;       /* also one of another firmware */
    uint64_t age;          /* higher is newer; meaningless without a module */
    uint32_t sequence;     /* 0: flashed and superseded */
    uint32_t size;         /* of the ELF; 0 of a raw one, whose headers tell */
    uint32_t elf_offset;   /* in the slot */
    uint8_t hash[HR_SHA256_SIZE]; /* zero of a raw one */
    uint32_t elf_crc;      /* or HR_SLOT_NO_CRC; only of HR_SLOT_RECORDED */
    hr_identity_t firmware;
    uint32_t life;
    uint32_t starts;       /* in this life */
    uint32_t begun;        /* the word that counts them */
} hr_slot_t;

/* `first`: it is the first of its partition; `slot_size` is its size in bytes. */
hr_slot_t hr_slot_parse(const hr_slot_header_t *header, bool first, uint32_t slot_size,
                        const hr_identity_t *firmware);

/* The header of an update, of which nothing is known yet; `elf_crc` is the CRC-32 of its ELF. */
hr_slot_header_t hr_slot_header(uint32_t sequence, uint32_t size,
                                const uint8_t hash[HR_SHA256_SIZE], uint32_t elf_crc,
                                const hr_identity_t *firmware);

/* Whether the module lies whole at `elf_offset` as far as the header tells: nothing of it was read. */
static inline bool hr_slot_has_module(const hr_slot_t *slot)
{
    return slot->format != HR_SLOT_NO_MODULE;
}
