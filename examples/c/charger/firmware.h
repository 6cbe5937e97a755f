/* The firmware: the connectors, and what it says to the library and hears of it. It has no clock, no pins and no
 * files of its own, so that a test can be its board and its time. */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include "connector.h"
#include "reader.h"

struct firmware {
    evcp_t *cp;
    const struct board *board;
    struct connector connectors[CONNECTORS];
    struct reader readers[CONNECTORS];
    ms_t now;
    bool stopped; /* the emergency stop is pressed */
    bool updates; /* a new firmware waits for the last session to end */
    bool over;    /* the device is to restart, or the library cannot go on */
};

void firmware_begins(struct firmware *self, const struct board *board, ms_t now);

/* What the library must know of the device. */
evcp_err_t firmware_configures(evcp_config_t *cfg);

/* The slots, for evcp_new() with the firmware as user_data. */
evcp_callbacks_t firmware_callbacks(void);

/* What evcp_new() made; then evcp_start(). */
void firmware_has(struct firmware *self, evcp_t *cp);

/* To be called when evcp_fd() is readable, when the board has news, and at the time that it returned last. */
ms_t firmware_step(struct firmware *self, ms_t now);

/* The board has read a meter; NULL: it says nothing. */
void firmware_metered(struct firmware *self, uint32_t connector, const struct reading *reading);

/* A card lies on the reader of a connector: as often as the reader says so. */
evcp_err_t firmware_card(struct firmware *self, uint32_t connector, const char *tag, ms_t now);

/* A new firmware waits: nobody begins any more, and when nobody charges the device restarts. */
void firmware_updates(struct firmware *self);

/* The stop button of a connector was pressed. */
evcp_err_t firmware_button(struct firmware *self, uint32_t connector);

#endif
