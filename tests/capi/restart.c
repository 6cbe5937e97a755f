/* Before an update: what is going on, and how it ends. usage: restart URL-OF-A-CENTRAL-SYSTEM */
#include "harness.h"

struct seen {
    evcp_t *cp;
    int accepted, started, stopped, auths, drained;
    uint32_t why;
    evcp_restart_info_t last;
};

static void on_boot(void *ud, const evcp_boot_info_t *boot)
{
    ((struct seen *)ud)->accepted += boot->status == EVCP_BOOT_ACCEPTED;
}

static void on_auth(void *ud, const evcp_auth_info_t *auth)
{
    struct seen *seen = ud;
    seen->auths++;
    seen->why = auth->why;
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    struct seen *seen = ud;
    seen->started += tx->change == EVCP_TX_STARTED;
    seen->stopped += tx->change == EVCP_TX_STOPPED;
}

static void on_drained(void *ud, const evcp_restart_info_t *restart)
{
    struct seen *seen = ud;
    CHECK(restart->struct_size == sizeof *restart);
    seen->last = *restart;
    seen->drained++;
    /* It may be asked, and taken back, right here. */
    evcp_restart_info_t now = EVCP_RESTART_INFO_INIT;
    CHECK(evcp_get_restart(seen->cp, &now) == EVCP_OK && now.transactions == 0);
}

static void make(struct seen *seen, const char *id, const char *storage)
{
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_boot = on_boot;
    callbacks.on_auth = on_auth;
    callbacks.on_tx = on_tx;
    callbacks.on_drained = on_drained;
    evcp_config_t *cfg = config(id);
    if (storage != NULL)
        CHECK(evcp_config_set_storage(cfg, storage) == EVCP_OK);
    seen->cp = made(cfg, &callbacks, seen);
}

static evcp_restart_info_t now(struct seen *seen)
{
    evcp_restart_info_t info = EVCP_RESTART_INFO_INIT;
    CHECK(evcp_get_restart(seen->cp, &info) == EVCP_OK);
    return info;
}

static void the_verdict_follows_what_goes_on(const char *storage)
{
    struct seen here = { 0 }, *seen = &here;
    make(seen, "VERDICT", storage);
    CHECK(now(seen).verdict == EVCP_RESTART_FREE);
    CHECK(evcp_start(seen->cp) == EVCP_OK);
    UNTIL(seen->cp, seen->accepted);
    CHECK(evcp_present_tag(seen->cp, 1, "CAFE01") == EVCP_OK);
    UNTIL(seen->cp, seen->auths == 1);
    CHECK(now(seen).verdict == EVCP_RESTART_WAITING && now(seen).permissions == 1);
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    UNTIL(seen->cp, seen->started == 1);
    CHECK(now(seen).verdict == EVCP_RESTART_SESSION && now(seen).transactions == 1);
    CHECK(!now(seen).draining && !now(seen).resetting && !now(seen).storage_fails);
    CHECK(evcp_set_draining(seen->cp, true) == EVCP_OK);
    UNTIL(seen->cp, now(seen).draining);
    CHECK(seen->drained == 0 && now(seen).verdict == EVCP_RESTART_SESSION);
    CHECK(evcp_stop_tx(seen->cp, 1, EVCP_REASON_LOCAL) == EVCP_OK);
    UNTIL(seen->cp, seen->drained == 1);
    CHECK(seen->stopped == 1 && seen->last.verdict == EVCP_RESTART_FREE && seen->last.draining);
    uint32_t status;
    CHECK(evcp_get_status(seen->cp, 1, &status) == EVCP_OK && status == EVCP_STATUS_UNAVAILABLE);
    CHECK(evcp_present_tag(seen->cp, 1, "CAFE01") == EVCP_OK);
    UNTIL(seen->cp, seen->auths == 2);
    CHECK(seen->why == EVCP_WHY_DRAINING && strcmp(evcp_why_name(seen->why), "draining") == 0);
    CHECK(evcp_set_draining(seen->cp, false) == EVCP_OK);
    CHECK(evcp_present_tag(seen->cp, 1, "CAFE01") == EVCP_OK);
    UNTIL(seen->cp, seen->started == 2);
    evcp_free(seen->cp);
    /* What went on is known before anything runs. */
    struct seen again = { 0 };
    make(&again, "VERDICT", storage);
    CHECK(now(&again).transactions == 1 && !now(&again).draining);
    CHECK(evcp_stop(again.cp, 2000) == EVCP_OK);
    CHECK(evcp_set_draining(again.cp, true) == EVCP_E_CLOSED);
    evcp_free(again.cp);
}

static void without_a_storage_a_session_is_data(void)
{
    struct seen here = { 0 }, *seen = &here;
    make(seen, "MEMORY", NULL);
    CHECK(now(seen).verdict == EVCP_RESTART_FREE);
    CHECK(evcp_start(seen->cp) == EVCP_OK);
    UNTIL(seen->cp, seen->accepted);
    CHECK(evcp_start_tx(seen->cp, 1, "CAFE01", 0) == EVCP_OK);
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    UNTIL(seen->cp, seen->started == 1);
    CHECK(now(seen).verdict == EVCP_RESTART_DATA && now(seen).storage_fails);
    evcp_free(seen->cp);
}

static void bad_input_is_named(void)
{
    struct seen here = { 0 }, *seen = &here;
    make(seen, "BAD", NULL);
    evcp_restart_info_t info = EVCP_RESTART_INFO_INIT;
    CHECK(evcp_get_restart(NULL, &info) == EVCP_E_INVALID);
    REFUSED(evcp_get_restart(seen->cp, NULL), EVCP_E_INVALID, "out is NULL");
    info.struct_size = 0;
    CHECK(evcp_get_restart(seen->cp, &info) == EVCP_E_INVALID);
    info.struct_size = sizeof info - 1;
    REFUSED(evcp_get_restart(seen->cp, &info), EVCP_E_INVALID, "struct_size");
    CHECK(evcp_set_draining(NULL, true) == EVCP_E_INVALID);
    CHECK(strcmp(evcp_restart_name(EVCP_RESTART_SESSION), "session") == 0);
    CHECK(strcmp(evcp_restart_name(4), "unknown") == 0);
    /* An older header had less of it. */
    memset(&info, 0xAA, sizeof info);
    info.struct_size = offsetof(evcp_restart_info_t, queued);
    CHECK(evcp_get_restart(seen->cp, &info) == EVCP_OK);
    CHECK(info.verdict == EVCP_RESTART_FREE && info.queued == UINT64_C(0xAAAAAAAAAAAAAAAA));
    evcp_free(seen->cp);
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    bad_input_is_named();
    without_a_storage_a_session_is_data();
    if (argc > 2)
        the_verdict_follows_what_goes_on(argv[2]);
    printf("%d failures\n", failures);
    return failures > 0;
}
