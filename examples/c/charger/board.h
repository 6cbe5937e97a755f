/* What the firmware needs of a board: what its pins say, and what they can be told. The logic sees no more of
 * the hardware than this. simulated.c is a board for people without one; yours is another. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

/* How many connectors there are; they are numbered from 1. */
#define CONNECTORS 2

/* Milliseconds of a clock that never jumps. */
typedef uint64_t ms_t;
#define NEVER UINT64_MAX

static inline ms_t sooner(ms_t a, ms_t b)
{
    return a < b ? a : b;
}

/* What the sensors of one connector say now. */
struct pins {
    int32_t pilot_high_mv; /* the highest voltage of the control pilot in a period of 1 ms */
    int32_t pilot_low_mv;  /* the lowest */
    bool cable;            /* proximity: a plug is in the socket */
    bool contactor_closed; /* the mirror contact */
    bool lock_closed;      /* the two end switches of the lock */
    bool lock_open;
    bool residual_current; /* the residual current device has tripped */
};

enum motor { MOTOR_OFF, MOTOR_CLOSE, MOTOR_OPEN };

struct board {
    void *self;
    void (*read)(void *self, uint32_t connector, struct pins *pins);
    bool (*emergency_stop)(void *self);
    int32_t (*temperature_c)(void *self);
    /* The coils: 0: open, 1: L1 and neutral, 3: all. */
    void (*set_contactor)(void *self, uint32_t connector, uint32_t poles);
    /* The duty cycle of the control pilot in thousandths; 1000: +12 V all the time, 0: -12 V, which is state F. */
    void (*set_pilot)(void *self, uint32_t connector, uint32_t permille);
    void (*set_motor)(void *self, uint32_t connector, enum motor motor);
    /* Begins to read the meter, over a bus that takes its time: firmware_metered() is told what it shows. */
    void (*ask_meter)(void *self, uint32_t connector);
};

#endif
