/* What a firmware tells people at its display of a tag. usage: display URL-OF-A-CENTRAL-SYSTEM */
#include "harness.h"

/* What was told last. */
struct seen {
    evcp_t *cp;
    evcp_auth_info_t auth;
    evcp_timeout_info_t timeout;
    char tag[32], late[32];
    int auths, timeouts, accepted, started, inside;
};

static void on_auth(void *ud, const evcp_auth_info_t *auth)
{
    struct seen *seen = ud;
    CHECK(auth->struct_size == sizeof *auth && auth->reserved == 0);
    seen->auth = *auth;
    snprintf(seen->tag, sizeof seen->tag, "%s", auth->tag);
    seen->auths++;
}

static void on_timeout(void *ud, const evcp_timeout_info_t *timeout)
{
    struct seen *seen = ud;
    CHECK(timeout->struct_size == sizeof *timeout);
    seen->timeout = *timeout;
    snprintf(seen->late, sizeof seen->late, "%s", timeout->tag);
    seen->timeouts++;
    /* A firmware may act on it at once. */
    seen->inside += evcp_cancel(seen->cp, 0) == EVCP_OK;
}

static void on_boot(void *ud, const evcp_boot_info_t *boot)
{
    ((struct seen *)ud)->accepted += boot->status == EVCP_BOOT_ACCEPTED;
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    ((struct seen *)ud)->started += tx->change == EVCP_TX_STARTED;
}

static void make(struct seen *seen, const char *id, const char *timeout)
{
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_auth = on_auth;
    callbacks.on_timeout = on_timeout;
    callbacks.on_boot = on_boot;
    callbacks.on_tx = on_tx;
    evcp_config_t *cfg = config(id);
    CHECK(evcp_config_set_connectors(cfg, 2) == EVCP_OK);
    CHECK(evcp_config_set(cfg, "ConnectionTimeOut", timeout) == EVCP_OK);
    seen->cp = made(cfg, &callbacks, seen);
}

/* Shows a tag and waits for what becomes of it. */
static void show(struct seen *seen, uint32_t connector, const char *tag)
{
    const int before = seen->auths;
    CHECK(evcp_present_tag(seen->cp, connector, tag) == EVCP_OK);
    UNTIL(seen->cp, seen->auths > before);
    CHECK(strcmp(seen->tag, tag) == 0 && seen->auth.reader == connector);
    CHECK(seen->auth.by == EVCP_BY_READER);
}

static void a_refusal_says_why(void)
{
    struct seen here = { 0 }, *seen = &here;
    make(seen, "WHY", "60");
    CHECK(evcp_start(seen->cp) == EVCP_OK);
    UNTIL(seen->cp, seen->accepted);
    CHECK(evcp_set_operative(seen->cp, 2, false) == EVCP_OK);
    show(seen, 2, "CAFE01");
    CHECK(seen->auth.status == EVCP_AUTH_CONCURRENT_TX && seen->auth.connector == 0);
    CHECK(seen->auth.why == EVCP_WHY_OUT_OF_SERVICE && seen->auth.purpose == EVCP_FOR_START);
    CHECK(evcp_set_fault(seen->cp, 1, EVCP_ERROR_GROUND_FAILURE, NULL, NULL) == EVCP_OK);
    show(seen, 1, "CAFE01");
    CHECK(seen->auth.why == EVCP_WHY_FAULTED);
    CHECK(evcp_set_fault(seen->cp, 1, EVCP_ERROR_NO_ERROR, NULL, NULL) == EVCP_OK);
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    show(seen, 1, "CAFE01");
    CHECK(seen->auth.status == EVCP_AUTH_ACCEPTED && seen->auth.why == EVCP_WHY_NONE);
    CHECK(seen->auth.connector == 1 && seen->auth.purpose == EVCP_FOR_START);
    UNTIL(seen->cp, seen->started);
    show(seen, 1, "CAFE02");
    CHECK(seen->auth.why == EVCP_WHY_OTHER_TAG_CHARGES);
    show(seen, 0, "CAFE02");
    CHECK(seen->auth.why == EVCP_WHY_NO_FREE_CONNECTOR);
    show(seen, 1, "CAFE01");
    CHECK(seen->auth.status == EVCP_AUTH_ACCEPTED && seen->auth.purpose == EVCP_FOR_STOP);
    evcp_free(seen->cp);
}

static void a_charger_that_was_never_accepted_says_so(void)
{
    struct seen here = { 0 }, *seen = &here;
    const char *before = url;
    url = "ws://127.0.0.1:9";
    make(seen, "NEVER", "60");
    url = before;
    CHECK(evcp_start(seen->cp) == EVCP_OK);
    show(seen, 1, "CAFE01");
    CHECK(seen->auth.why == EVCP_WHY_NOT_REGISTERED);
    evcp_free(seen->cp);
}

static void the_time_to_plug_in_is_told_once(void)
{
    struct seen here = { 0 }, *seen = &here;
    make(seen, "LATE", "1");
    CHECK(evcp_start(seen->cp) == EVCP_OK);
    UNTIL(seen->cp, seen->accepted);
    CHECK(evcp_start_tx(seen->cp, 2, "FREE", 0) == EVCP_OK);
    UNTIL(seen->cp, seen->auths == 1);
    CHECK(seen->auth.by == EVCP_BY_CHARGER && seen->auth.reader == 2);
    UNTIL(seen->cp, seen->timeouts == 1);
    CHECK(seen->timeout.connector == 2 && seen->timeout.reader == 2);
    CHECK(seen->timeout.by == EVCP_BY_CHARGER && strcmp(seen->late, "FREE") == 0);
    CHECK(seen->inside == 1 && seen->auths == 1);
    /* What is called off is told with its reason. */
    show(seen, 1, "CAFE01");
    CHECK(evcp_cancel(seen->cp, 1) == EVCP_OK);
    UNTIL(seen->cp, seen->auths == 3);
    CHECK(seen->auth.status == EVCP_AUTH_INVALID && seen->auth.why == EVCP_WHY_CANCELLED);
    CHECK(seen->timeouts == 1);
    evcp_free(seen->cp);
}

static void every_constant_has_a_name(void)
{
    CHECK(strcmp(evcp_by_name(EVCP_BY_CENTRAL_SYSTEM), "central system") == 0);
    CHECK(strcmp(evcp_by_name(EVCP_BY_CHARGER), "charger") == 0);
    CHECK(strcmp(evcp_for_name(EVCP_FOR_START), "start") == 0);
    CHECK(strcmp(evcp_for_name(EVCP_FOR_TAKE_BACK), "take back") == 0);
    CHECK(strcmp(evcp_why_name(EVCP_WHY_NONE), "none") == 0);
    CHECK(strcmp(evcp_why_name(EVCP_WHY_OFFLINE_UNKNOWN), "offline and unknown") == 0);
    CHECK(strcmp(evcp_why_name(EVCP_WHY_CABLE_KEPT), "cable kept") == 0);
    CHECK(strcmp(evcp_why_name(EVCP_WHY_CANCELLED), "cancelled") == 0);
    CHECK(strcmp(evcp_by_name(99), "unknown") == 0);
    CHECK(strcmp(evcp_for_name(UINT32_MAX), "unknown") == 0);
    CHECK(strcmp(evcp_why_name(UINT32_MAX), "unknown") == 0);
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    every_constant_has_a_name();
    a_charger_that_was_never_accepted_says_so();
    a_refusal_says_why();
    the_time_to_plug_in_is_told_once();
    printf("%d failures\n", failures);
    return failures > 0;
}
