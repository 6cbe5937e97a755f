/* What happens when there is no memory. usage: out_of_memory URL DIRECTORY [limit]
 *
 * With "limit" the process is given no more than it has once it charges, and ends by SIGABRT; without, it goes on from
 * what that one left behind. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include <stdlib.h>
#include <sys/resource.h>

static evcp_tx_t resumed;

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    (void)ud;
    if (tx->change == EVCP_TX_RESUMED)
        resumed = tx->tx;
}

/* No page more than there are now. */
static void take_the_rest_away(void)
{
    struct rlimit none = { 0, 0 };
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
}

int main(int argc, char **argv)
{
    url = argv[1];
    evcp_callbacks_t cb = EVCP_CALLBACKS_INIT;
    cb.on_tx = on_tx;
    evcp_config_t *cfg = config("MEMORY");
    CHECK(evcp_config_set_storage(cfg, argv[2]) == EVCP_OK);
    CHECK(evcp_config_set(cfg, "tx.after_power_loss", "resume") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "boot.charge_before_accepted", "true") == EVCP_OK);
    evcp_t *cp = made(cfg, &cb, NULL);
    evcp_sample_t sample = { .value = 1 };
    CHECK(evcp_push_meter(cp, 1, &sample, 1) == EVCP_OK);
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_start(cp) == EVCP_OK);
    if (argc <= 3) {
        UNTIL(cp, resumed != 0);
        evcp_free(cp);
        printf("%d failures, transaction %d goes on\n", failures, (int)resumed);
        return failures > 0;
    }
    evcp_tx_t tx = 0;
    CHECK(evcp_start_tx(cp, 1, "CAFE01", 0) == EVCP_OK);
    UNTIL(cp, evcp_get_tx(cp, 1, &tx) == EVCP_OK && tx != 0);
    take_the_rest_away();
    /* It never returns with a success that is none. */
    static char data[60000];
    memset(data, 'x', sizeof data);
    for (;;)
        evcp_push_signed_meter(cp, 1, data, 1 + (size_t)rand() % sizeof data);
}
