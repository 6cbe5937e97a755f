/* The watchdog as a firmware sees it. usage: watchdog URL-OF-A-CENTRAL-SYSTEM */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include <poll.h>
#include <time.h>

struct board {
    bool permit;
    int started, faults;
    uint32_t error;
};

static void on_supply(void *ud, uint32_t connector, const evcp_supply_t *supply)
{
    struct board *board = ud;
    (void)connector;
    board->permit = supply->permit;
}

static void on_status(void *ud, const evcp_status_info_t *now)
{
    struct board *board = ud;
    if (now->connector == 0) {
        board->error = now->error_code;
        board->faults += now->status == EVCP_STATUS_FAULTED;
    }
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    struct board *board = ud;
    board->started += tx->change == EVCP_TX_STARTED;
}

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static evcp_t *charging(struct board *board, const char *id, const char *watchdog_s)
{
    evcp_config_t *cfg = config(id);
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    evcp_sample_t sample = { .value = 1000, .measurand = EVCP_M_ENERGY_IMPORT };
    CHECK(evcp_config_set(cfg, "boot.charge_before_accepted", "true") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "host.watchdog_s", watchdog_s) == EVCP_OK);
    callbacks.on_supply = on_supply;
    callbacks.on_status = on_status;
    callbacks.on_tx = on_tx;
    evcp_t *cp = made(cfg, &callbacks, board);
    CHECK(evcp_start(cp) == EVCP_OK);
    CHECK(evcp_push_meter(cp, 1, &sample, 1) == EVCP_OK);
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_start_tx(cp, 1, "CAFE01", 0) == EVCP_OK);
    UNTIL(cp, board->permit);
    CHECK(board->started == 1);
    return cp;
}

static void what_is_no_time_is_refused(void)
{
    static const char *const wrong[] = { "-1", "0.5", "soon", "", "1e9" };
    evcp_config_t *cfg = evcp_config_new();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        REFUSED(evcp_config_set(cfg, "host.watchdog_s", wrong[i]), EVCP_E_INVALID, "host.watchdog_s");
    }
    CHECK(evcp_config_set(cfg, "host.watchdog_s", "0") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "host.watchdog_s", "1") == EVCP_OK);
    evcp_config_free(cfg);
}

/* Its supply is asked for without a dispatch, as another thread of a firmware would. */
static bool permitted(evcp_t *cp)
{
    evcp_supply_t supply = EVCP_SUPPLY_INIT;
    CHECK(evcp_get_supply(cp, 1, &supply) == EVCP_OK);
    return supply.permit;
}

static void a_host_that_does_not_dispatch_is_permitted_nothing_and_told_when_it_is_back(void)
{
    struct board board = { 0 };
    evcp_t *cp = charging(&board, "SILENT", "1");
    const struct timespec moment = { .tv_nsec = 10000000 };
    long long end = now_ms() + 60000;
    while (permitted(cp) && now_ms() < end)
        nanosleep(&moment, NULL);
    CHECK(!permitted(cp));
    CHECK(board.permit && board.faults == 0); /* nobody told it */
    UNTIL(cp, !board.permit && board.error == EVCP_ERROR_INTERNAL_ERROR);
    UNTIL(cp, board.permit);
    CHECK(board.error == EVCP_ERROR_NO_ERROR && board.faults == 1 && board.started == 1);
    CHECK(permitted(cp));
    evcp_free(cp);
}

static void a_host_that_sleeps_until_there_is_something_to_do_is_woken_and_keeps_its_energy(void)
{
    struct board board = { 0 };
    evcp_t *cp = charging(&board, "SLEEPS", "8");
    struct pollfd fd = { .fd = evcp_fd(cp), .events = POLLIN };
    int woken = 0;
    /* All that there is to say has been said; then it is called, once in 4 s. */
    while (evcp_dispatch(cp, 1000) > 0)
        ;
    CHECK(poll(&fd, 1, 60000) == 1);
    woken = evcp_dispatch(cp, 0);
    CHECK(woken == 0);
    CHECK(poll(&fd, 1, 0) == 0);
    CHECK(permitted(cp) && board.faults == 0);
    evcp_free(cp);
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    what_is_no_time_is_refused();
    a_host_that_does_not_dispatch_is_permitted_nothing_and_told_when_it_is_back();
    a_host_that_sleeps_until_there_is_something_to_do_is_woken_and_keeps_its_energy();
    printf("%d failures\n", failures);
    return failures != 0;
}
