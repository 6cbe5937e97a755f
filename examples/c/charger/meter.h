/* The meter of a connector, which is on a bus: questions of the library wait here until it has answered. */
#ifndef METER_H
#define METER_H

#include <evcp.h>

#include "board.h"

/* How many questions may wait; the library has one at a time for each reason to read. */
#define METER_QUESTIONS 8

struct reading {
    double wh, w, amps;
};

struct meter {
    struct question {
        evcp_req_t req;
        bool asked; /* the bus is on its way with the answer */
    } questions[METER_QUESTIONS];
    bool busy;  /* the bus */
    bool dead;  /* it did not answer the last time */
    ms_t until; /* when it must have answered */
    ms_t next;  /* when it is read without a question */
};

/* The library wants to know what the meter shows. */
void meter_wanted(struct meter *meter, evcp_t *cp, evcp_req_t req);

/* Asks for what is wanted, and each second while energy flows: what the library knows when
 * the power fails is the bill. Returns when to look again. */
ms_t meter_step(struct meter *meter, evcp_t *cp, const struct board *board, uint32_t connector, bool flows, ms_t now);

/* The meter of a connector has said this; NULL: nothing. */
void meter_says(struct meter *meter, evcp_t *cp, uint32_t connector, const struct reading *reading);

#endif
