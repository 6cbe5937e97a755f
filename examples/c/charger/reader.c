#include "reader.h"

#include <stdio.h>
#include <string.h>

/* A card that was away for less has never been away. */
#define AWAY_MS 300

bool reader_sees(struct reader *reader, const char *tag, ms_t now)
{
    bool same = strcmp(reader->tag, tag) == 0 && now - reader->seen < AWAY_MS;
    snprintf(reader->tag, sizeof reader->tag, "%s", tag);
    reader->seen = now;
    return !same;
}
