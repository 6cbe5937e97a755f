/* Charging that nobody is asked a tag for. usage: free_charging URL-OF-A-CENTRAL-SYSTEM */
#include "harness.h"

struct seen {
    evcp_t *cp;
    int accepted, started, stopped, auths;
    uint32_t by, why;
    char tag[32];
};

static void on_boot(void *ud, const evcp_boot_info_t *boot)
{
    ((struct seen *)ud)->accepted += boot->status == EVCP_BOOT_ACCEPTED;
}

static void on_auth(void *ud, const evcp_auth_info_t *auth)
{
    struct seen *seen = ud;
    seen->auths++;
    seen->by = auth->by;
    seen->why = auth->why;
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    struct seen *seen = ud;
    seen->started += tx->change == EVCP_TX_STARTED;
    seen->stopped += tx->change == EVCP_TX_STOPPED;
    snprintf(seen->tag, sizeof seen->tag, "%s", tx->tag);
}

static void who_plugs_in_charges_once(void)
{
    struct seen here = { 0 }, *seen = &here;
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_boot = on_boot;
    callbacks.on_auth = on_auth;
    callbacks.on_tx = on_tx;
    evcp_config_t *cfg = config("FREE");
    CHECK(evcp_config_set(cfg, "FreeCharging", "true") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "RfidTagFreeCharging", "PARK") == EVCP_OK);
    seen->cp = made(cfg, &callbacks, seen);
    REFUSED(evcp_set_key(seen->cp, "RfidTagFreeCharging", ""), EVCP_E_INVALID, "1 to 20 characters");
    CHECK(evcp_set_key(seen->cp, "RfidTagFreeCharging", "TAB\t") == EVCP_E_INVALID);
    CHECK(evcp_set_key(seen->cp, "RfidTagFreeCharging", "A TAG OF TOO MANY CHARACTERS") == EVCP_E_INVALID);
    REFUSED(evcp_set_key(seen->cp, "FreeCharging", "maybe"), EVCP_E_INVALID, "true or false");
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_ABSENT) == EVCP_OK);
    CHECK(evcp_start(seen->cp) == EVCP_OK);
    UNTIL(seen->cp, seen->accepted);
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    UNTIL(seen->cp, seen->started == 1);
    CHECK(strcmp(seen->tag, "PARK") == 0 && seen->by == EVCP_BY_FREE_CHARGING);
    CHECK(seen->auths == 1);
    /* A card changes nothing. */
    CHECK(evcp_present_tag(seen->cp, 1, "CAFE01") == EVCP_OK);
    UNTIL(seen->cp, seen->auths == 2);
    CHECK(seen->why == EVCP_WHY_FREE_CHARGING);
    CHECK(strcmp(evcp_why_name(seen->why), "free charging") == 0);
    CHECK(strcmp(evcp_by_name(EVCP_BY_FREE_CHARGING), "free charging") == 0);
    CHECK(evcp_stop_tx(seen->cp, 1, EVCP_REASON_LOCAL) == EVCP_OK);
    UNTIL(seen->cp, seen->stopped == 1);
    /* What the vehicle does is no plug; what is shown afterwards comes after it. */
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    CHECK(evcp_present_tag(seen->cp, 1, "CAFE01") == EVCP_OK);
    UNTIL(seen->cp, seen->started == 2);
    CHECK(strcmp(seen->tag, "CAFE01") == 0);
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_ABSENT) == EVCP_OK);
    UNTIL(seen->cp, seen->stopped == 2);
    CHECK(evcp_set_ev(seen->cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    UNTIL(seen->cp, seen->started == 3);
    CHECK(strcmp(seen->tag, "PARK") == 0);
    evcp_free(seen->cp);
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    who_plugs_in_charges_once();
    printf("%d failures\n", failures);
    return failures > 0;
}
