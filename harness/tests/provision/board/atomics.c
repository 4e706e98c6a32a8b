/* C11 atomics and the older builtins, of all sizes: what they store and what they answer. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/* one step: what the operation answers, and what it leaves behind */
#define STEP(operation)                                                    \
    do {                                                                   \
        const unsigned long long answer = (operation);                     \
        printf(" %llx:%llx", answer, (unsigned long long)object);          \
    } while (0)

#define RUN(type)                                                          \
    do {                                                                   \
        _Atomic(type) object = (type)0x1122334455667788u;                  \
        type expected = 5;                                                 \
        printf(#type);                                                     \
        STEP(atomic_fetch_add(&object, (type)0xff));                       \
        STEP(atomic_fetch_sub(&object, (type)3));                          \
        STEP(atomic_fetch_and(&object, (type)0xf0f0f0f0f0f0f0f0u));        \
        STEP(atomic_fetch_or(&object, (type)0x21));                        \
        STEP(atomic_fetch_xor(&object, (type)0x7f7f7f7f7f7f7f7fu));        \
        STEP(atomic_exchange(&object, (type)9));                           \
        STEP(atomic_compare_exchange_strong(&object, &expected, (type)11)); \
        STEP(expected);                                                    \
        STEP(atomic_compare_exchange_strong(&object, &expected, (type)11)); \
        STEP(atomic_load(&object));                                        \
        atomic_store(&object, (type)77);                                   \
        STEP(atomic_load(&object));                                        \
        printf("\n");                                                      \
    } while (0)

#define RUN_BUILTINS(type)                                                 \
    do {                                                                   \
        type object = (type)0x8877665544332211u;                           \
        printf("builtins " #type);                                         \
        STEP(__sync_fetch_and_add(&object, (type)0xff));                   \
        STEP(__sync_val_compare_and_swap(&object, (type)7, (type)8));      \
        STEP(__sync_val_compare_and_swap(&object, object, (type)8));       \
        STEP(__sync_bool_compare_and_swap(&object, (type)7, (type)9));     \
        STEP(__sync_bool_compare_and_swap(&object, (type)8, (type)9));     \
        STEP(__atomic_fetch_nand(&object, (type)6, __ATOMIC_SEQ_CST));     \
        printf("\n");                                                      \
    } while (0)

int main(void)
{
    atomic_flag flag = ATOMIC_FLAG_INIT;
    RUN(uint8_t);
    RUN(uint16_t);
    RUN(uint32_t);
    RUN(uint64_t);
    RUN_BUILTINS(uint8_t);
    RUN_BUILTINS(uint16_t);
    RUN_BUILTINS(uint32_t);
    RUN_BUILTINS(uint64_t);
    printf("flag %d", atomic_flag_test_and_set(&flag));
    printf(" %d\n", atomic_flag_test_and_set(&flag));
    return 0;
}
