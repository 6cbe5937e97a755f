#include "contactor.h"

#define MOVES_MS 200

static void moves(struct contactor *contactor, enum contactor_state state, uint32_t poles, ms_t now)
{
    contactor->state = state;
    contactor->poles = poles;
    contactor->until = now + MOVES_MS;
}

ms_t contactor_step(struct contactor *contactor, uint32_t poles, bool mirror_closed, ms_t now)
{
    switch (contactor->state) {
    case CONTACTOR_OPEN:
        if (mirror_closed)
            contactor->state = CONTACTOR_WELDED;
        else if (poles != 0)
            moves(contactor, CONTACTOR_CLOSING, poles, now);
        break;
    case CONTACTOR_CLOSING:
        if (poles != contactor->poles)
            moves(contactor, CONTACTOR_OPENING, 0, now);
        else if (mirror_closed)
            contactor->state = CONTACTOR_CLOSED;
        else if (now >= contactor->until)
            moves(contactor, CONTACTOR_DEAD, 0, now);
        break;
    case CONTACTOR_CLOSED:
        if (poles != contactor->poles)
            moves(contactor, CONTACTOR_OPENING, 0, now);
        else if (!mirror_closed)
            moves(contactor, CONTACTOR_DEAD, 0, now);
        break;
    case CONTACTOR_OPENING:
        if (!mirror_closed)
            contactor->state = CONTACTOR_OPEN;
        else if (now >= contactor->until)
            contactor->state = CONTACTOR_WELDED;
        break;
    case CONTACTOR_DEAD:
        if (mirror_closed)
            contactor->state = CONTACTOR_WELDED;
        else if (poles == 0)
            contactor->state = CONTACTOR_OPEN;
        break;
    case CONTACTOR_WELDED:
        if (!mirror_closed)
            contactor->state = CONTACTOR_OPEN;
        break;
    }
    bool moving = contactor->state == CONTACTOR_CLOSING || contactor->state == CONTACTOR_OPENING;
    return moving ? contactor->until : NEVER;
}

bool contactor_is_open(const struct contactor *contactor)
{
    return contactor->state == CONTACTOR_OPEN || contactor->state == CONTACTOR_DEAD;
}

bool contactor_is_broken(const struct contactor *contactor)
{
    return contactor->state == CONTACTOR_WELDED || contactor->state == CONTACTOR_DEAD;
}
