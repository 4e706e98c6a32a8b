/*
 * The C library as a firmware's author expects it. Prints what the host's library prints for the
 * same calls.
 */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static void formatted_integers(void)
{
    printf("[%d] [%5d] [%-5d] [%05d] [%+d] [% d]\n", -42, 42, 42, 42, 42, 42);
    printf("[%u] [%x] [%#X] [%o] [%#o]\n", UINT_MAX, 0xbeefu, 0xbeefu, 8u, 8u);
    printf("[%hhd] [%hd] [%ld] [%lld]\n", -1, -2, -3L, LLONG_MIN);
    printf("[%" PRIu64 "] [%" PRIx32 "] [%" PRId32 "]\n", UINT64_MAX, UINT32_MAX, INT32_MIN);
    printf("[%zu] [%td] [%jd]\n", sizeof(uint64_t), (ptrdiff_t)-7, (intmax_t)INT64_MIN);
    printf("[%*d] [%.*d] [%.3d] [%.0d]\n", 6, 1, 4, 2, 5, 0);
    printf("[%2$s %1$s]\n", "first", "second");
}

static void formatted_text(void)
{
    char small[8];
    const char *volatile large = "longer than eight";
    int wanted = snprintf(small, sizeof(small), "%s", large);
    printf("[%s] [%10s] [%-10s] [%.3s] [%c%%]\n", "text", "right", "left", "cut off", 'c');
    printf("[%s] %d\n", small, wanted);
    printf("%d\n", snprintf(NULL, 0, "%d", 123456));
}

static void formatted_doubles(void)
{
    static const double values[] = {0.0, -0.0, 1.0, 0.1, 2.5, 3.141592653589793, 1e21, 123456789.125,
                                    5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 9.995};
    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        printf("[%f] [%.0f] [%.3f] [%e] [%g] [%.17g] [%10.2e] [%+g] [%#g]\n", values[i], values[i],
               values[i], values[i], values[i], values[i], values[i], values[i], values[i]);
    }
    printf("[%f] [%g] [%F]\n", (double)INFINITY, -(double)INFINITY, (double)INFINITY);
}

static void numbers_from_text(void)
{
    static const char *const texts[] = {"0.1", "-1.5e3x", "1e400", "4.9e-324", "1e-400", "0x1.8p1",
                                        "inf", "3.", ".5", "1.7976931348623159e308", "nonsense",
                                        "9007199254740993", "2.2250738585072011e-308"};
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *end;
        errno = 0;
        double value = strtod(texts[i], &end);
        /* whether a subnormal result is a range error is the library's choice */
        printf("%s: %.17g rest [%s] range %d\n", texts[i], value, end,
               errno == ERANGE && !(fabs(value) > 0 && fabs(value) < DBL_MIN));
    }
    printf("%ld\n", strtol("2147483647", NULL, 10));
    printf("%lld %llu\n", strtoll("-9223372036854775808", NULL, 10), strtoull("ffFF", NULL, 16));
    errno = 0;
    const long long too_large = strtoll("9223372036854775808", NULL, 10);
    printf("%lld %d\n", too_large, errno == ERANGE);
    printf("%d %ld %g\n", atoi(" 12abc"), atol("-7"), atof("2.5"));
}

static void scanned(void)
{
    int number = 0, count;
    unsigned hexadecimal = 0;
    long long large = 0;
    double real = 0;
    float single = 0;
    char word[16] = "", set[16] = "";
    count = sscanf("12 0xfe -9000000000 2.75 1e-3 word abc123", "%d %x %lld %lf %f %15s %15[a-c]",
                   &number, &hexadecimal, &large, &real, &single, word, set);
    printf("%d: %d %x %lld %g %g %s %s\n", count, number, hexadecimal, large, real, (double)single,
           word, set);
    count = sscanf("10.0.2.15:8080", "%*d.%*d.%d.%*d:%x", &number, &hexadecimal);
    printf("%d: %d %x\n", count, number, hexadecimal);
}

static void strings(void)
{
    char buffer[32] = "overlapping";
    char list[] = "one,two,,three";
    char *rest = NULL;
    memmove(buffer + 3, buffer, 8);
    printf("%s\n", buffer);
    for (char *part = strtok_r(list, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
        printf("<%s>", part);
    }
    printf("\n%d %d %d\n", strcmp("a", "b") < 0, strncmp("abc", "abd", 2), memcmp("x", "x", 1));
    printf("%s %s %s\n", strchr("key=value", '='), strrchr("a/b/c", '/'), strstr("haystack", "st"));
    printf("%zu %zu %zu\n", strspn("aabc", "ab"), strcspn("abc=", "="), strnlen("abcdef", 4));
    printf("%d %s\n", strcasecmp("ABC", "abc"), strpbrk("name:port", ":;"));
    /* every alignment of both sides against a bytewise copy */
    unsigned char from[64], to[64], expected[64];
    unsigned wrong = 0;
    for (unsigned i = 0; i < sizeof(from); i++) {
        from[i] = (unsigned char)(i * 7 + 1);
    }
    for (unsigned a = 0; a < 8; a++) {
        for (unsigned b = 0; b < 8; b++) {
            for (unsigned size = 0; size < 48; size++) {
                memset(to, 0, sizeof(to));
                memset(expected, 0, sizeof(expected));
                for (unsigned i = 0; i < size; i++) {
                    expected[b + i] = from[a + i];
                }
                memcpy(to + b, from + a, size);
                wrong += memcmp(to, expected, sizeof(to)) != 0;
            }
        }
    }
    printf("copies wrong: %u\n", wrong);
}

static void characters(void)
{
    unsigned classes[11] = {0};
    for (int c = 0; c < 128; c++) {
        const bool is[] = {isalnum(c), isalpha(c), isblank(c), iscntrl(c), isdigit(c), isgraph(c),
                           islower(c), isprint(c), ispunct(c), isspace(c), isxdigit(c)};
        for (unsigned i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
            classes[i] = classes[i] * 31 + is[i];
        }
    }
    for (unsigned i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        printf("%x ", classes[i]);
    }
    printf("%c%c\n", toupper('q'), tolower('Q'));
}

static int by_value(const void *a, const void *b)
{
    const int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

static void sorted(void)
{
    static int32_t values[1000];
    uint32_t state = 1, hash = 2166136261u;
    for (unsigned i = 0; i < 1000; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (int32_t)(state >> 8) % 500 - 250;
    }
    qsort(values, 1000, sizeof(values[0]), by_value);
    for (unsigned i = 0; i < 1000; i++) {
        hash = (hash ^ (uint32_t)values[i]) * 16777619u;
    }
    const int32_t wanted = 17;
    const int32_t absent = 251;
    const int32_t *found = bsearch(&wanted, values, 1000, sizeof(values[0]), by_value);
    printf("%" PRIx32 " %d %d\n", hash, found >= values && found < values + 1000 && *found == wanted,
           bsearch(&absent, values, 1000, sizeof(values[0]), by_value) == NULL);
    const div_t quotient = div(-7, 2);
    const lldiv_t long_quotient = lldiv(10000000000, 7);
    printf("%d %d %lld %lld\n", quotient.quot, quotient.rem, long_quotient.quot, long_quotient.rem);
}

static void dates(void)
{
    static const int64_t times[] = {0, 951782400, 2147483648, 4102444799};
    char text[64];
    for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        const time_t when = (time_t)times[i];
        struct tm parts;
        gmtime_r(&when, &parts);
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %a %b %j", &parts);
        printf("%s %" PRId64 "\n", text, (int64_t)mktime(&parts));
    }
    printf("%s %s %s\n", setlocale(LC_ALL, "C"), localeconv()->decimal_point, getenv("TZ"));
}

/* the last digits are the library's own affair */
static void mathematics(void)
{
    for (double x = 0.1; x < 3; x += 0.37) {
        printf("%.12g %.12g %.12g %.12g %.12g %.12g\n", sin(x), cos(x), exp(x), log(x), pow(x, 2.5),
               atan2(x, 2));
        printf("%.12g %.12g %.12g %.12g %.12g\n", floor(x * 5), ceil(x * 5), fmod(x * 9, 0.7),
               hypot(x, 2), cbrt(x));
        printf("%.5g %.5g %.5g %ld\n", (double)sinf((float)x), (double)expf((float)x),
               (double)powf((float)x, 1.5f), lround(x * 10));
    }
}

int main(void)
{
    setenv("TZ", "UTC0", 1);
    formatted_integers();
    formatted_text();
    formatted_doubles();
    numbers_from_text();
    scanned();
    strings();
    characters();
    sorted();
    dates();
    mathematics();
    return 0;
}
