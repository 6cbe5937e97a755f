/* A board without hardware: contactors that take 20 ms, a lock motor that takes 400 ms, meters that count, and
 * vehicles that take 16 A. What breaks on a board breaks here by command. */
#ifndef SIMULATED_H
#define SIMULATED_H

#include "firmware.h"

struct outlet {
    /* people and the vehicle */
    bool vehicle, cable, leaving, wants, asks, shorted;
    ms_t reacts; /* when the vehicle does what the pilot says */
    /* the pilot, the contactor, and how it is broken */
    uint32_t permille, coils, poles;
    bool welded, dead, residual_current;
    ms_t moves;
    /* the lock: 0: open, 1: closed */
    bool locked, stuck;
    enum motor motor;
    ms_t arrives;
    /* the meter */
    double wh;
    bool silent;
    ms_t takes, reads;
};

struct simulated {
    struct board board; /* what the firmware sees */
    struct firmware *firmware;
    ms_t now;
    bool emergency_stop;
    int32_t temperature_c;
    struct outlet outlets[CONNECTORS];
};

void simulated_begins(struct simulated *self, struct firmware *firmware, ms_t now);

/* All that moves moves on, up to now. */
void simulated_step(struct simulated *self, ms_t now);

/* When something is going to happen by itself. */
ms_t simulated_next(const struct simulated *self);

/* A vehicle is plugged in, or leaves; its cable leaves as soon as the lock lets it. */
void simulated_plug(struct simulated *self, uint32_t connector, bool plugged);

/* Breaks or mends something: "rcd", "weld", "nocontact", "stick", "short", "full" (the battery), "dead" (the
 * meter); returns whether there is such a thing. */
bool simulated_breaks(struct simulated *self, uint32_t connector, const char *what, bool broken);

#endif
