/* Charging profiles of the charger's own, as a firmware installs, lists and clears them. */
#include "harness.h"
#include <stdlib.h>

static struct {
    evcp_t *cp;
    double amps;
    int started, stopped;
    evcp_err_t inside;
} seen;

static void on_supply(void *ud, uint32_t connector, const evcp_supply_t *supply)
{
    (void)ud, (void)connector;
    seen.amps = supply->permit ? supply->amps : 0;
}

#define PROFILE(id, purpose, level, amps)                                                      \
    "{\"chargingProfileId\":" id ",\"stackLevel\":" level ",\"chargingProfilePurpose\":\"" purpose \
    "\",\"chargingProfileKind\":\"Relative\",\"chargingSchedule\":{\"chargingRateUnit\":\"A\"," \
    "\"chargingSchedulePeriod\":[{\"startPeriod\":0,\"limit\":" amps "}]}}"
#define DEFAULT PROFILE("7", "TxDefaultProfile", "0", "10")

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    (void)ud;
    seen.started += tx->change == EVCP_TX_STARTED;
    seen.stopped += tx->change == EVCP_TX_STOPPED;
    if (tx->change == EVCP_TX_STARTED)
        seen.inside = evcp_install_profile(seen.cp, 1, PROFILE("9", "TxProfile", "0", "8"));
}

/* How many are installed; the last one in *out. */
static int count(evcp_profile_info_t *out)
{
    static char text[4096];
    uint64_t after = 0;
    for (int found = 0;; found++) {
        size_t len = sizeof text;
        out->struct_size = sizeof *out;
        evcp_err_t result = evcp_get_profile(seen.cp, after, out, text, &len);
        CHECK(result == 0 || result == 1);
        if (result != 1)
            return found;
        CHECK(out->number > after && len == strlen(text) + 1 && out->json == text);
        after = out->number;
    }
}

static void what_is_wrong_is_named(evcp_t *cp)
{
    REFUSED(evcp_install_profile(NULL, 1, DEFAULT), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_install_profile(cp, 9, DEFAULT), EVCP_E_INVALID, "connector 9");
    REFUSED(evcp_install_profile(cp, 1, NULL), EVCP_E_INVALID, "json is NULL");
    REFUSED(evcp_install_profile(cp, 1, ""), EVCP_E_INVALID, "json is empty");
    REFUSED(evcp_install_profile(cp, 1, "\xff"), EVCP_E_INVALID, "json is not UTF-8");
    REFUSED(evcp_install_profile(cp, 1, "{"), EVCP_E_INVALID, "no JSON");
    REFUSED(evcp_install_profile(cp, 1, "[]"), EVCP_E_INVALID, "not an object");
    REFUSED(evcp_install_profile(cp, 1, "{}"), EVCP_E_INVALID, "chargingProfileId");
    REFUSED(evcp_install_profile(cp, 1, PROFILE("1", "Tx", "0", "1")), EVCP_E_INVALID, "chargingProfilePurpose");
    REFUSED(evcp_install_profile(cp, 1, PROFILE("1", "ChargePointMaxProfile", "0", "1")), EVCP_E_INVALID, "connector 0");
    REFUSED(evcp_install_profile(cp, 0, PROFILE("1", "TxProfile", "0", "1")), EVCP_E_INVALID, "connector 0");
    REFUSED(evcp_install_profile(cp, 1, PROFILE("1", "TxProfile", "0", "1")), EVCP_E_INVALID, "transaction");
    REFUSED(evcp_install_profile(cp, 1, PROFILE("1", "TxDefaultProfile", "0", "-1")), EVCP_E_INVALID, "negative");
    REFUSED(evcp_install_profile(cp, 1, PROFILE("1", "TxDefaultProfile", "999999", "1")), EVCP_E_INVALID, "stackLevel");
    char *longest = malloc(70000);
    CHECK(longest != NULL);
    if (longest != NULL) {
        memset(longest, ' ', 69999);
        longest[69999] = '\0';
        REFUSED(evcp_install_profile(cp, 1, longest), EVCP_E_INVALID, "69999 bytes");
    }
    free(longest);
    REFUSED(evcp_clear_profile(NULL, 1, 7), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_clear_profile(cp, 9, 7), EVCP_E_INVALID, "connector 9");
    REFUSED(evcp_clear_profile(cp, 1, 7), EVCP_E_INVALID, "no profile 7");
    CHECK(evcp_clear_profiles(cp) == EVCP_OK);
    REFUSED(evcp_clear_profiles(NULL), EVCP_E_INVALID, "cp is NULL");
    evcp_profile_info_t info = EVCP_PROFILE_INFO_INIT;
    char text[512];
    size_t len = sizeof text;
    CHECK(evcp_get_profile(cp, 0, &info, text, &len) == 0);
    REFUSED(evcp_get_profile(NULL, 0, &info, text, &len), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_get_profile(cp, 0, &info, text, NULL), EVCP_E_INVALID, "len is NULL");
    REFUSED(evcp_get_profile(cp, 5, &info, text, &len), EVCP_E_INVALID, "after is 5");
}

static void it_is_listed_with_all_that_it_says(evcp_t *cp)
{
    evcp_profile_info_t info = EVCP_PROFILE_INFO_INIT;
    char text[512];
    size_t len = 3;
    CHECK(evcp_install_profile(cp, 1, DEFAULT) == EVCP_OK);
    UNTIL(cp, count(&info) == 1);
    info = (evcp_profile_info_t)EVCP_PROFILE_INFO_INIT;
    REFUSED(evcp_get_profile(cp, 0, &info, text, &len), EVCP_E_BUFFER, "bytes");
    CHECK(len > 3 && len <= sizeof text);
    REFUSED(evcp_get_profile(cp, 0, &info, NULL, &len), EVCP_E_INVALID, "text is NULL");
    REFUSED(evcp_get_profile(cp, 0, NULL, text, &len), EVCP_E_INVALID, "out is NULL");
    info.struct_size = 3;
    REFUSED(evcp_get_profile(cp, 0, &info, text, &len), EVCP_E_INVALID, "struct_size");
    info.struct_size = sizeof info;
    CHECK(evcp_get_profile(cp, 0, &info, text, &len) == 1);
    CHECK(info.connector == 1 && info.id == 7 && info.level == 0 && info.local && !info.ignored && info.tx == 0);
    CHECK(info.purpose == EVCP_PURPOSE_TX_DEFAULT && strcmp(info.json, DEFAULT) == 0);
    CHECK(strstr(info.json, "\"chargingProfileId\":7") != NULL && strstr(info.json, "\"limit\":10") != NULL);
    CHECK(evcp_get_profile(cp, info.number, &info, text, &len) == 0);
    /* What it gives can be installed. */
    CHECK(evcp_install_profile(cp, 1, info.json) == EVCP_OK);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    url = argv[1];
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_supply = on_supply;
    callbacks.on_tx = on_tx;
    evcp_config_t *cfg = config("PROFILES");
    CHECK(evcp_config_set(cfg, "AllowOfflineTxForUnknownId", "true") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "boot.charge_before_accepted", "true") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "offline.ignores", "TxDefaultProfile,TxProfile") == EVCP_OK);
    REFUSED(evcp_config_set(cfg, "offline.ignores", "Everything"), EVCP_E_INVALID, "offline.ignores");
    REFUSED(evcp_config_set(cfg, "offline.ignore_after_s", "0"), EVCP_E_INVALID, "offline.ignore_after_s");
    evcp_t *cp = seen.cp = made(cfg, &callbacks, NULL);
    what_is_wrong_is_named(cp);
    CHECK(evcp_start(cp) == EVCP_OK);
    it_is_listed_with_all_that_it_says(cp);

    evcp_profile_info_t info = EVCP_PROFILE_INFO_INIT;
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_start_tx(cp, 1, "CAFE01", 0) == EVCP_OK);
    UNTIL(cp, seen.started == 1 && seen.amps == 8);
    CHECK(seen.inside == EVCP_OK && count(&info) == 2);
    CHECK(info.purpose == EVCP_PURPOSE_TX && info.tx > 0 && info.local);
    CHECK(evcp_clear_profile(cp, 1, 9) == EVCP_OK);
    UNTIL(cp, seen.amps == 10);
    CHECK(evcp_install_profile(cp, 1, PROFILE("9", "TxProfile", "0", "12")) == EVCP_OK);
    UNTIL(cp, seen.amps == 12);
    CHECK(evcp_stop_tx(cp, 1, EVCP_REASON_LOCAL) == EVCP_OK);
    UNTIL(cp, seen.stopped == 1 && count(&info) == 1);

    CHECK(evcp_clear_profiles(cp) == EVCP_OK);
    REFUSED(evcp_clear_profile(cp, 1, 7), EVCP_E_INVALID, "no profile 7");
    UNTIL(cp, count(&info) == 0);
    char text[400];
    for (int level = 0; level < 17; level++) {
        snprintf(text, sizeof text, PROFILE("%d", "TxDefaultProfile", "%d", "6"), level, level % 9);
        evcp_err_t result = evcp_install_profile(cp, level < 9 ? 0 : 1, text);
        CHECK(result == (level < 16 ? EVCP_OK : EVCP_E_INVALID));
    }
    CHECK(strstr(evcp_last_error(), "16") != NULL);
    CHECK(evcp_stop(cp, 5000) == EVCP_OK);
    CHECK(evcp_clear_profiles(cp) == EVCP_E_CLOSED);
    CHECK(evcp_install_profile(cp, 1, DEFAULT) == EVCP_E_CLOSED || strstr(evcp_last_error(), "16") != NULL);
    evcp_free(cp);
    printf("%d failures\n", failures);
    return failures != 0;
}
