/* What the charger may do at a temperature inside: less current, none, or it is out of order. */
#ifndef HEAT_H
#define HEAT_H

#include "board.h"

enum heat {
    HEAT_NONE,
    HEAT_WARM,  /* half of the current */
    HEAT_HOT,   /* a pause: the session goes on when it is cooler */
    HEAT_FAULT, /* something burns */
};

/* The step that follows from a temperature and from the step before: each ends 5 degrees below its beginning. */
enum heat heat_step(enum heat before, int32_t temperature_c);

/* What is left of a current. */
double heat_derates(enum heat heat, double amps);

#endif
