/* What the programs in C share that talk to a central system. usage of each: PROGRAM URL-OF-A-CENTRAL-SYSTEM */
#ifndef HARNESS_H
#define HARNESS_H

#include "check.h"

static const char *url;

/* Dispatches until something holds; a minute at most. */
#define UNTIL(cp, condition)                                                                   \
    do {                                                                                       \
        for (int turn_ = 0; turn_ < 1200 && !(condition); turn_++)                              \
            if (evcp_dispatch(cp, 50) < 0)                                                     \
                break;                                                                         \
        CHECK(condition);                                                                      \
    } while (0)

static inline evcp_config_t *config(const char *id)
{
    evcp_config_t *cfg = evcp_config_new();
    CHECK(evcp_config_set_url(cfg, url) == EVCP_OK);
    CHECK(evcp_config_set_identity(cfg, id) == EVCP_OK);
    CHECK(evcp_config_set_device(cfg, "evcp", "test", NULL, NULL) == EVCP_OK);
    return cfg;
}

static inline evcp_t *made(evcp_config_t *cfg, const evcp_callbacks_t *cb, void *user_data)
{
    evcp_t *cp = NULL;
    CHECK(evcp_new(cfg, cb, user_data, &cp) == EVCP_OK);
    evcp_config_free(cfg);
    return cp;
}

#endif
