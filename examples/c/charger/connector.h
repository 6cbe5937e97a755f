/* One connector: what its parts do together. It turns pins into facts, and the commands of the library into
 * coils. All that is dangerous is decided here, from the pins, before the library hears of it. */
#ifndef CONNECTOR_H
#define CONNECTOR_H

#include <evcp.h>

#include "board.h"
#include "contactor.h"
#include "heat.h"
#include "lock.h"
#include "meter.h"
#include "pilot.h"

struct connector {
    uint32_t number;
    evcp_t *cp;
    const struct board *board;
    evcp_supply_t supply; /* the last command */
    struct pilot pilot;
    struct contactor contactor;
    struct lock lock;
    struct meter meter;
    enum heat heat;
    bool stopped;      /* the emergency stop is pressed, or the library cannot go on */
    bool tripped;      /* the residual current device has; until a technician has looked */
    bool little;       /* less is permitted than a pilot can signal */
    bool has_taken;    /* the vehicle took energy since it was offered */
    evcp_req_t unlock; /* somebody waits for the lock to open; 0: nobody */
    ms_t switches;     /* until when the contactor rests between one phase and three */
    /* What the library was told last. */
    evcp_ev_t ev;
    const char *pause;
    uint32_t faults;
    uint32_t feedback;
};

void connector_begins(struct connector *self, uint32_t number, const struct board *board);

/* Looks at the pins and does what follows; returns when to look again, though nothing changes. */
ms_t connector_step(struct connector *self, ms_t now);

/* A command of the library. */
void connector_obeys(struct connector *self, const evcp_supply_t *supply, ms_t now);

/* The central system wants the connector unlocked: the session is over already. */
void connector_unlocks(struct connector *self, evcp_req_t req, ms_t now);

/* A technician has looked at it: what is latched is tried again. */
void connector_repaired(struct connector *self, ms_t now);

#endif
