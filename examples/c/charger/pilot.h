/* The control pilot of IEC 61851-1, Annex A: what the vehicle says by its resistors, and what it is told by the
 * duty cycle. */
#ifndef PILOT_H
#define PILOT_H

#include "board.h"

enum pilot_state {
    PILOT_A, /* no vehicle */
    PILOT_B, /* a vehicle that asks for nothing */
    PILOT_C, /* it asks for energy */
    PILOT_D, /* it asks for energy, and for ventilation */
    PILOT_E, /* the pilot is shorted, or its diode is missing */
    PILOT_F, /* we say that we are out of order: the vehicle cannot be seen meanwhile */
};

struct pilot {
    enum pilot_state state; /* what has stood for a while */
    enum pilot_state seen;  /* what the last look said */
    ms_t since;             /* from when on */
    uint32_t permille;      /* what is signalled */
};

#define PILOT_OFF 1000u     /* +12 V all the time: no current is on offer */
#define PILOT_BROKEN 0u     /* -12 V all the time: state F */

/* The duty cycle that permits no more than this current; PILOT_OFF below 6 A, which cannot be signalled. */
uint32_t pilot_duty(double amps);

/* The current that a vehicle may take at a duty cycle. */
double pilot_amps(uint32_t permille);

/* Looks at the pins; returns when to look again, though nothing changes. */
ms_t pilot_step(struct pilot *pilot, const struct pins *pins, ms_t now);

/* Whether the vehicle asks for energy, at this instant and for a while. */
bool pilot_asks(const struct pilot *pilot);

#endif
