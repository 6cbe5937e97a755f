/* A contactor with a mirror contact, which says what its main contacts do. One that does not close is not tried
 * again until nobody wants it closed; one that does not open is broken until it does. */
#ifndef CONTACTOR_H
#define CONTACTOR_H

#include "board.h"

enum contactor_state {
    CONTACTOR_OPEN,
    CONTACTOR_CLOSING,
    CONTACTOR_CLOSED,
    CONTACTOR_OPENING,
    CONTACTOR_WELDED, /* closed, though it was told to open */
    CONTACTOR_DEAD,   /* open, though it was told to close */
};

struct contactor {
    enum contactor_state state;
    uint32_t poles; /* what the coils are told */
    ms_t until;     /* when it must have moved */
};

/* Moves on: poles (0, 1 or 3) is what is wanted. Other poles than those that are closed: it opens first. Returns
 * when to look again. */
ms_t contactor_step(struct contactor *contactor, uint32_t poles, bool mirror_closed, ms_t now);

/* Whether nothing can flow. */
bool contactor_is_open(const struct contactor *contactor);

bool contactor_is_broken(const struct contactor *contactor);

#endif
