/* The smallest charge point: one connector, one vehicle that is already plugged in, one tag.
 * usage: minimal ws://127.0.0.1:9000 */
#include <evcp.h>
#include <poll.h>
#include <stdio.h>

static void contactor(void *self, uint32_t connector, const evcp_supply_t *supply)
{
    (void)self;
    printf("connector %u: contactor %s\n", connector, supply->permit ? "closed" : "open");
}

static void show(void *self, const evcp_tx_info_t *tx)
{
    *(int *)self += tx->change == EVCP_TX_CONFIRMED;
    printf("transaction %s of %s\n", tx->ocpp_id_known ? tx->ocpp_id_text : "to come", tx->tag);
}

int main(int argc, char **argv)
{
    int confirmed = 0;
    evcp_t *cp = NULL;
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_supply = contactor;
    callbacks.on_tx = show;

    evcp_config_t *cfg = evcp_config_new();
    evcp_config_set_url(cfg, argc > 1 ? argv[1] : "ws://127.0.0.1:9000");
    evcp_config_set_identity(cfg, "MINIMAL");
    evcp_config_set_device(cfg, "evcp", "minimal", NULL, NULL);
    evcp_err_t err = evcp_new(cfg, &callbacks, &confirmed, &cp);
    evcp_config_free(cfg);
    if (err != EVCP_OK || (err = evcp_start(cp)) != EVCP_OK) {
        fprintf(stderr, "%s: %s\n", evcp_strerror(err), evcp_last_error());
        return 1;
    }
    evcp_set_ev(cp, 1, EVCP_EV_CHARGING);
    for (int tries = 0; confirmed == 0 && tries < 100; tries++) {
        struct pollfd fd = { .fd = evcp_fd(cp), .events = POLLIN };
        if (poll(&fd, 1, 100) > 0)
            evcp_dispatch(cp, 0);
        else
            evcp_present_tag(cp, 1, "CAFE01");
    }
    evcp_free(cp);
    return confirmed > 0 ? 0 : 1;
}
