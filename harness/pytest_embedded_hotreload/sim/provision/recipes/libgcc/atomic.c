/*
 * Read-modify-write operations of C11's atomics. GCC takes the core for one without S32C1I and calls
 * these; on one processor, masking interrupts makes them atomic.
 */
#include <stdint.h>

static inline uint32_t lock(void)
{
    uint32_t ps;
    __asm__ volatile("rsil %0, 15" : "=a"(ps) : : "memory");
    return ps;
}

static inline void unlock(uint32_t ps)
{
    __asm__ volatile("wsr %0, ps\n\trsync" : : "a"(ps) : "memory");
}

/* the names are builtins of the compiler: given to functions of ours as assembler names */
#define NAMED(type, symbol, parameters) \
    type own##symbol parameters __asm__(#symbol); \
    type own##symbol parameters

#define FETCH(n, type, name, expression) \
    NAMED(type, __atomic_fetch_##name##_##n, (volatile void *object, type operand, int order)) \
    { \
        (void)order; \
        volatile type *place = object; \
        const uint32_t ps = lock(); \
        const type old = *place; \
        *place = (type)(expression); \
        unlock(ps); \
        return old; \
    } \
    NAMED(type, __sync_fetch_and_##name##_##n, (volatile void *object, type operand)) \
    { \
        return own__atomic_fetch_##name##_##n(object, operand, 0); \
    }

#define ATOMICS(n, type) \
    FETCH(n, type, add, old + operand) \
    FETCH(n, type, sub, old - operand) \
    FETCH(n, type, and, old & operand) \
    FETCH(n, type, or, old | operand) \
    FETCH(n, type, xor, old ^ operand) \
    FETCH(n, type, nand, ~(old & operand)) \
    NAMED(type, __atomic_exchange_##n, (volatile void *object, type value, int order)) \
    { \
        (void)order; \
        volatile type *place = object; \
        const uint32_t ps = lock(); \
        const type old = *place; \
        *place = value; \
        unlock(ps); \
        return old; \
    } \
    NAMED(_Bool, __atomic_compare_exchange_##n, \
          (volatile void *object, void *expected, type value, _Bool weak, int success, int failure)) \
    { \
        (void)weak, (void)success, (void)failure; \
        volatile type *place = object; \
        type *wanted = expected; \
        const uint32_t ps = lock(); \
        const type old = *place; \
        const _Bool equal = old == *wanted; \
        if (equal) { \
            *place = value; \
        } else { \
            *wanted = old; \
        } \
        unlock(ps); \
        return equal; \
    } \
    NAMED(type, __sync_val_compare_and_swap_##n, (volatile void *object, type old, type value)) \
    { \
        own__atomic_compare_exchange_##n(object, &old, value, 0, 0, 0); \
        return old; \
    } \
    NAMED(_Bool, __sync_bool_compare_and_swap_##n, (volatile void *object, type old, type value)) \
    { \
        return own__atomic_compare_exchange_##n(object, &old, value, 0, 0, 0); \
    }

ATOMICS(1, uint8_t)
ATOMICS(2, uint16_t)
ATOMICS(4, uint32_t)
ATOMICS(8, uint64_t)

NAMED(uint64_t, __atomic_load_8, (const volatile void *object, int order))
{
    (void)order;
    const uint32_t ps = lock();
    const uint64_t value = *(const volatile uint64_t *)object;
    unlock(ps);
    return value;
}

NAMED(void, __atomic_store_8, (volatile void *object, uint64_t value, int order))
{
    (void)order;
    const uint32_t ps = lock();
    *(volatile uint64_t *)object = value;
    unlock(ps);
}
