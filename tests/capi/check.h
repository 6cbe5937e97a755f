/* How a test says what does not hold. The count may be written by any thread. */
#ifndef CHECK_H
#define CHECK_H

#include <evcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_int failures;

#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: %s: %s\n", __func__, __LINE__, #condition,                 \
                    evcp_last_error());                                                        \
            failures++;                                                                        \
        }                                                                                      \
    } while (0)

/* A call is refused, and the text names the thing. */
#define REFUSED(call, err, name)                                                               \
    do {                                                                                       \
        CHECK((call) == (err));                                                                \
        CHECK(strstr(evcp_last_error(), name) != NULL);                                        \
    } while (0)

#endif
