/* The lock of a socket: a motor that takes its time, and two end switches. It is tried three times. */
#ifndef LOCK_H
#define LOCK_H

#include "board.h"

enum lock_state { LOCK_OPEN, LOCK_CLOSING, LOCK_CLOSED, LOCK_OPENING, LOCK_STUCK };

struct lock {
    enum lock_state state;
    bool close; /* which way it went last */
    int tries;
    ms_t until; /* when the motor must have arrived */
};

/* Moves on, towards closed or open; returns when to look again. */
ms_t lock_step(struct lock *lock, bool close, const struct pins *pins, ms_t now);

/* Moves it again, wherever it seems to be: a bolt may stand half-way, and a switch may lie. */
void lock_again(struct lock *lock, ms_t now);

/* For people. */
const char *lock_name(enum lock_state state);

/* What the motor is to do now. */
enum motor lock_motor(const struct lock *lock);

#endif
