/* A reader of cards. A chip reports a card again and again while it lies there, and loses it for moments: the
 * library takes each evcp_present_tag() for a wish, so that the firmware makes one of what belongs together. */
#ifndef READER_H
#define READER_H

#include "board.h"

struct reader {
    char tag[21]; /* the last one */
    ms_t seen;    /* when it was there last */
};

/* A card is there; returns whether it has come only now. */
bool reader_sees(struct reader *reader, const char *tag, ms_t now);

#endif
