/* The C API as a firmware sees it. usage: test_capi URL-OF-A-CENTRAL-SYSTEM */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include <dirent.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What a test's charge point has told. */
struct seen {
    evcp_t *cp;
    int destroyed, calls, started, stopped, connected, accepted, auths, answered_twice;
    bool curious; /* with the slots below */
    int data_calls, data_err, hot, weak, keys, secrets;
    evcp_req_t meter;
    enum { AT_ONCE, LATER, TWICE, WRONG_KIND, NEVER, FREE_INSIDE, DISPATCH_INSIDE } manner;
    evcp_err_t inside_dispatch, inside_stop;
};

static evcp_config_t *config_for_anyone(const char *id)
{
    evcp_config_t *cfg = config(id);
    CHECK(evcp_config_set(cfg, "meter.timeout_s", "0.3") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "AllowOfflineTxForUnknownId", "true") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "boot.charge_before_accepted", "true") == EVCP_OK);
    return cfg;
}

static void destroy(void *ud)
{
    struct seen *seen = ud;
    seen->destroyed++;
}

static void on_connection(void *ud, const evcp_connection_info_t *link)
{
    struct seen *seen = ud;
    seen->calls++;
    seen->connected = link->state == EVCP_CONNECTED;
    CHECK(link->struct_size == sizeof *link && link->detail != NULL);
}

static void on_boot(void *ud, const evcp_boot_info_t *boot)
{
    struct seen *seen = ud;
    seen->calls++;
    seen->accepted = boot->status == EVCP_BOOT_ACCEPTED;
    CHECK(boot->struct_size == sizeof *boot && boot->interval_s > 0 && boot->reserved == 0);
    /* The central system of the tests has the clock of this machine. */
    CHECK(llabs(boot->time_ms / 1000 - (long long)time(NULL)) < 60);
}

static void on_auth(void *ud, const evcp_auth_info_t *auth)
{
    struct seen *seen = ud;
    CHECK(auth->struct_size == sizeof *auth && auth->reserved == 0);
    CHECK(auth->connector == 1 && strcmp(auth->tag, "CAFE01") == 0);
    seen->auths += auth->status == EVCP_AUTH_ACCEPTED;
}

static void on_status(void *ud, const evcp_status_info_t *status)
{
    struct seen *seen = ud;
    CHECK(status->struct_size == sizeof *status);
    CHECK(status->connector <= 1 && status->status <= EVCP_STATUS_FAULTED);
    seen->hot += status->error_code == EVCP_ERROR_HIGH_TEMPERATURE && status->connector == 1 &&
                 strcmp(status->info, "60 degrees") == 0 && status->vendor_code == NULL;
    seen->weak += status->error_code == EVCP_ERROR_WEAK_SIGNAL && status->connector == 0 &&
                  status->info == NULL && strcmp(status->vendor_code, "7") == 0;
}

static void on_key_changed(void *ud, const evcp_key_info_t *key)
{
    struct seen *seen = ud;
    CHECK(key->struct_size == sizeof *key && !key->read_only && !key->reboot_required);
    seen->keys += strcmp(key->key, "HeartbeatInterval") == 0 && strcmp(key->value, "77") == 0;
    seen->secrets += strcmp(key->key, "AuthorizationKey") == 0 && key->value == NULL;
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    struct seen *seen = ud;
    seen->calls++;
    CHECK(tx->struct_size == sizeof *tx && tx->tx != 0 && strcmp(tx->tag, "CAFE01") == 0);
    CHECK((tx->ocpp_id_text != NULL) == tx->ocpp_id_known && (tx->ocpp_id_known || tx->ocpp_id == 0));
    if (tx->ocpp_id_known)
        CHECK(strtoll(tx->ocpp_id_text, NULL, 10) == tx->ocpp_id);
    if (tx->change == EVCP_TX_CONFIRMED)
        CHECK(tx->ocpp_id_known);
    seen->started += tx->change == EVCP_TX_STARTED;
    CHECK((tx->reason != EVCP_REASON_NONE) == (tx->change == EVCP_TX_STOPPED));
    seen->stopped += tx->change == EVCP_TX_STOPPED;
}

static void on_meter_read(void *ud, uint32_t connector, uint32_t context, evcp_req_t req)
{
    struct seen *seen = ud;
    evcp_sample_t sample = { .value = 1234, .measurand = EVCP_M_ENERGY_IMPORT };
    seen->calls++;
    seen->meter = req;
    CHECK(connector == 1 && context <= EVCP_READ_TRIGGER && req != 0);
    switch (seen->manner) {
    case AT_ONCE:
        CHECK(evcp_answer_meter(seen->cp, req, &sample, 1) == EVCP_OK);
        break;
    case TWICE:
        CHECK(evcp_answer_meter(seen->cp, req, &sample, 1) == EVCP_OK);
        CHECK(evcp_answer_meter(seen->cp, req, &sample, 1) == EVCP_E_EXPIRED);
        seen->answered_twice++;
        break;
    case WRONG_KIND:
        REFUSED(evcp_answer(seen->cp, req, EVCP_ACCEPTED), EVCP_E_INVALID, "evcp_answer_meter()");
        CHECK(evcp_answer_data(seen->cp, req, EVCP_ACCEPTED, NULL, 0) == EVCP_E_INVALID);
        CHECK(evcp_answer_meter(seen->cp, req, &sample, 1) == EVCP_OK);
        break;
    case FREE_INSIDE:
        evcp_free(seen->cp);
        seen->cp = NULL;
        break;
    case DISPATCH_INSIDE:
        seen->inside_dispatch = evcp_dispatch(seen->cp, 0);
        seen->inside_stop = evcp_stop(seen->cp, 10);
        CHECK(evcp_answer_meter(seen->cp, req, &sample, 1) == EVCP_OK);
        break;
    case LATER:
    case NEVER:
        break;
    }
}

static evcp_t *make(struct seen *seen, const char *id)
{
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.destroy = destroy;
    callbacks.on_connection = on_connection;
    callbacks.on_boot = on_boot;
    if (seen->curious) {
        callbacks.on_auth = on_auth;
        callbacks.on_status = on_status;
        callbacks.on_key_changed = on_key_changed;
    }
    callbacks.on_tx = on_tx;
    callbacks.on_meter_read = on_meter_read;
    seen->cp = made(config_for_anyone(id), &callbacks, seen);
    return seen->cp;
}

static void begin(struct seen *seen, const char *id)
{
    evcp_t *cp = make(seen, id);
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    CHECK(evcp_start(cp) == EVCP_OK);
    CHECK(evcp_start(cp) == EVCP_E_STATE);
    CHECK(evcp_present_tag(cp, 1, "CAFE01") == EVCP_OK);
}

static void the_versions_of_header_and_library_agree(void)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", EVCP_VERSION_MAJOR, EVCP_VERSION_MINOR,
             EVCP_VERSION_PATCH);
    CHECK(strcmp(text, evcp_version()) == 0);
    CHECK(evcp_version_number() == ((uint32_t)EVCP_VERSION_MAJOR << 16 |
                                    (uint32_t)EVCP_VERSION_MINOR << 8 | EVCP_VERSION_PATCH));
}

static void every_result_has_a_text(void)
{
    for (evcp_err_t err = -120; err <= 3; err++)
        CHECK(evcp_strerror(err) != NULL && strlen(evcp_strerror(err)) > 0);
    CHECK(evcp_strerror(INT32_MIN) != NULL && evcp_strerror(INT32_MAX) != NULL);
}

static void every_constant_has_a_name(void)
{
    CHECK(strcmp(evcp_status_name(EVCP_STATUS_SUSPENDED_EV), "SuspendedEV") == 0);
    CHECK(strcmp(evcp_reason_name(EVCP_REASON_DE_AUTHORIZED), "DeAuthorized") == 0);
    CHECK(strcmp(evcp_reason_name(EVCP_REASON_NONE), "none") == 0);
    CHECK(strcmp(evcp_error_code_name(EVCP_ERROR_WEAK_SIGNAL), "WeakSignal") == 0);
    CHECK(strcmp(evcp_auth_name(EVCP_AUTH_CONCURRENT_TX), "ConcurrentTx") == 0);
    CHECK(strcmp(evcp_boot_name(EVCP_BOOT_REJECTED), "Rejected") == 0);
    CHECK(strcmp(evcp_read_name(EVCP_READ_CLOCK), "Sample.Clock") == 0);
    CHECK(strcmp(evcp_ev_name(EVCP_EV_CABLE), "cable") == 0);
    CHECK(strcmp(evcp_tx_change_name(EVCP_TX_UNANSWERED), "unanswered") == 0);
    CHECK(strcmp(evcp_connection_name(EVCP_CONNECTED), "connected") == 0);
    CHECK(strcmp(evcp_storage_name(EVCP_STORAGE_DAMAGED), "damaged") == 0);
    CHECK(strcmp(evcp_status_name(9), "unknown") == 0);
    CHECK(strcmp(evcp_ev_name(UINT32_MAX), "unknown") == 0);
}

static void null_is_an_error_and_never_a_crash(void)
{
    evcp_tx_t tx;
    uint32_t status = 1;
    size_t len = 0;
    evcp_supply_t supply = EVCP_SUPPLY_INIT;
    evcp_stats_t stats = EVCP_STATS_INIT;
    evcp_t *cp = (evcp_t *)&supply;
    CHECK(evcp_config_set_url(NULL, "ws://x") == EVCP_E_INVALID);
    CHECK(evcp_config_set_identity(NULL, "x") == EVCP_E_INVALID);
    CHECK(evcp_config_set_device(NULL, "a", "b", NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_config_set_connectors(NULL, 1) == EVCP_E_INVALID);
    CHECK(evcp_config_set_lockable(NULL, 1, true) == EVCP_E_INVALID);
    CHECK(evcp_config_set_limit(NULL, 1, 3, 16) == EVCP_E_INVALID);
    CHECK(evcp_config_set_storage(NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_config_set_profile(NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_config_set_auth_key(NULL, NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_config_set_ca_pem(NULL, NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_config_set_client_pem(NULL, NULL, 0, NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_config_set(NULL, "a", "b") == EVCP_E_INVALID);
    evcp_key_decl_t decl = EVCP_KEY_DECL_INIT;
    CHECK(evcp_config_declare(NULL, &decl) == EVCP_E_INVALID);
    CHECK(evcp_new(NULL, NULL, NULL, &cp) == EVCP_E_INVALID && cp == NULL);
    CHECK(evcp_new(NULL, NULL, NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_start(NULL) == EVCP_E_INVALID);
    CHECK(evcp_stop(NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_fd(NULL) == -1);
    CHECK(evcp_dispatch(NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_set_ev(NULL, 1, 0) == EVCP_E_INVALID);
    CHECK(evcp_set_fault(NULL, 1, EVCP_ERROR_NO_ERROR, NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_set_warning(NULL, 1, EVCP_ERROR_NO_ERROR, NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_push_signed_meter(NULL, 1, "x", 1) == EVCP_E_INVALID);
    CHECK(evcp_present_tag_at(NULL, &status, 1, "x") == EVCP_E_INVALID);
    CHECK(evcp_set_operative(NULL, 1, true) == EVCP_E_INVALID);
    CHECK(evcp_set_evse_ready(NULL, 1, true, NULL) == EVCP_E_INVALID);
    CHECK(evcp_start_tx(NULL, 1, "x", 0) == EVCP_E_INVALID);
    CHECK(evcp_cancel(NULL, 1) == EVCP_E_INVALID);
    CHECK(evcp_set_clock(NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_set_network(NULL, true) == EVCP_E_INVALID);
    CHECK(evcp_push_meter(NULL, 1, NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_present_tag(NULL, 1, "x") == EVCP_E_INVALID);
    CHECK(evcp_stop_tx(NULL, 1, EVCP_REASON_LOCAL) == EVCP_E_INVALID);
    CHECK(evcp_power_fails(NULL) == EVCP_E_INVALID);
    CHECK(evcp_set_key(NULL, "a", "b") == EVCP_E_INVALID);
    CHECK(evcp_data_transfer(NULL, "v", NULL, NULL, 0, NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_answer(NULL, 1, 0) == EVCP_E_INVALID);
    CHECK(evcp_answer_meter(NULL, 1, NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_answer_data(NULL, 1, 0, NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_get_supply(NULL, 1, &supply) == EVCP_E_INVALID);
    CHECK(evcp_get_tx(NULL, 1, &tx) == EVCP_E_INVALID);
    CHECK(evcp_get_status(NULL, 1, &status) == EVCP_E_INVALID);
    CHECK(evcp_get_key(NULL, "x", NULL, &len) == EVCP_E_INVALID);
    CHECK(evcp_get_stats(NULL, &stats) == EVCP_E_INVALID);
    evcp_free(NULL);
    evcp_config_free(NULL);
    evcp_wakeup(NULL);
}

static void garbage_is_an_error_that_names_it(void)
{
    struct seen seen = { 0 };
    evcp_t *cp = make(&seen, "GARBAGE");
    evcp_sample_t sample = { .value = NAN };
    evcp_supply_t supply = EVCP_SUPPLY_INIT;
    char text[4];
    size_t len = sizeof text;
    CHECK(evcp_set_ev(cp, 0, EVCP_EV_PLUGGED) == EVCP_E_INVALID);
    CHECK(evcp_set_ev(cp, 2, EVCP_EV_PLUGGED) == EVCP_E_INVALID);
    CHECK(evcp_set_ev(cp, UINT32_MAX, EVCP_EV_PLUGGED) == EVCP_E_INVALID);
    REFUSED(evcp_set_ev(cp, 1, 99), EVCP_E_INVALID, "ev is 99: it must be one of EVCP_EV_*");
    REFUSED(evcp_set_fault(cp, 1, 4711, NULL, NULL), EVCP_E_INVALID, "code is 4711: it must be one of EVCP_ERROR_*");
    CHECK(evcp_clear_fault(cp, 1, 16) == EVCP_E_INVALID);
    CHECK(evcp_clear_warning(cp, 1, EVCP_ERROR_NO_ERROR) == EVCP_E_INVALID);
    REFUSED(evcp_stop_tx(cp, 1, EVCP_REASON_NONE), EVCP_E_INVALID, "reason is 0: it must be one of EVCP_REASON_*");
    CHECK(evcp_push_meter(cp, 1, &sample, 1) == EVCP_E_INVALID);
    sample = (evcp_sample_t){ .measurand = 22 };
    CHECK(evcp_push_meter(cp, 1, &sample, 1) == EVCP_E_INVALID);
    sample = (evcp_sample_t){ .phase = 11 };
    CHECK(evcp_push_meter(cp, 1, &sample, 1) == EVCP_E_INVALID);
    sample = (evcp_sample_t){ .location = 6 };
    CHECK(evcp_push_meter(cp, 1, &sample, 1) == EVCP_E_INVALID);
    CHECK(evcp_push_meter(cp, 1, NULL, 1) == EVCP_E_INVALID);
    CHECK(evcp_push_meter(cp, 1, &sample, 100000) == EVCP_E_INVALID);
    CHECK(evcp_set_warning(cp, 1, 4711, NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_set_warning(cp, 2, EVCP_ERROR_HIGH_TEMPERATURE, NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_push_signed_meter(cp, 1, NULL, 0) == EVCP_E_INVALID);
    CHECK(evcp_push_signed_meter(cp, 1, "\xff", 1) == EVCP_E_INVALID);
    CHECK(evcp_push_signed_meter(cp, 1, text, 100000) == EVCP_E_INVALID);
    CHECK(evcp_push_signed_meter(cp, 0, "x", 1) == EVCP_E_INVALID);
    CHECK(evcp_present_tag_at(cp, NULL, 1, "CAFE01") == EVCP_E_INVALID);
    CHECK(evcp_present_tag_at(cp, (uint32_t[]){ 1, 2 }, 2, "CAFE01") == EVCP_E_INVALID);
    CHECK(evcp_present_tag_at(cp, (uint32_t[]){ 1 }, 0, "CAFE01") == EVCP_E_INVALID);
    CHECK(evcp_set_evse_ready(cp, 0, false, NULL) == EVCP_E_INVALID);
    CHECK(evcp_set_evse_ready(cp, 1, false, "a reason that is longer than the fifty characters that fit")
          == EVCP_E_INVALID);
    CHECK(strstr(evcp_last_error(), "reason") != NULL);
    CHECK(evcp_start_tx(cp, 0, "CAFE01", 0) == EVCP_E_INVALID);
    CHECK(evcp_start_tx(cp, 1, "", 0) == EVCP_E_INVALID);
    REFUSED(evcp_start_tx(cp, 1, "CAFE01", 1), EVCP_E_INVALID, "flags");
    CHECK(evcp_cancel(cp, 2) == EVCP_E_INVALID);
    CHECK(evcp_present_tag(cp, 1, NULL) == EVCP_E_INVALID);
    CHECK(evcp_present_tag(cp, 1, "\xff\xfe") == EVCP_E_INVALID);
    CHECK(evcp_present_tag(cp, 1, "a tag of 21 letters..") == EVCP_E_INVALID);
    CHECK(evcp_stop_tx(cp, 1, 4711) == EVCP_E_INVALID);
    CHECK(evcp_answer(cp, 12345, EVCP_ACCEPTED) == EVCP_E_EXPIRED);
    REFUSED(evcp_answer(cp, 12345, 77), EVCP_E_INVALID, "result is 77: it must be EVCP_ACCEPTED, ");
    CHECK(evcp_get_key(cp, "Nonsense", text, &len) == EVCP_E_UNSUPPORTED);
    CHECK(evcp_get_key(cp, "AuthorizationKey", text, &len) == EVCP_E_UNSUPPORTED);
    CHECK(evcp_get_key(cp, "HeartbeatInterval", text, &len) == EVCP_OK);
    CHECK(len == 3 && strcmp(text, "300") == 0);
    len = 3;
    CHECK(evcp_get_key(cp, "HeartbeatInterval", text, &len) == EVCP_E_BUFFER && len == 3);
    CHECK(evcp_get_supply(cp, 2, &supply) == EVCP_E_INVALID);
    CHECK(evcp_get_supply(cp, 1, &supply) == EVCP_OK && !supply.permit);
    evcp_free(cp);
    CHECK(seen.destroyed == 1);
}

static void a_bad_configuration_is_named(void)
{
    evcp_config_t *cfg = evcp_config_new();
    evcp_t *cp = (evcp_t *)cfg;
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_E_INVALID && cp == NULL);
    CHECK(strstr(evcp_last_error(), "evcp_config_set_device") != NULL);
    CHECK(evcp_config_set_device(cfg, "a vendor of 21 letters", "m", NULL, NULL) < 0);
    CHECK(evcp_config_set_device(cfg, "v", "m", NULL, NULL) == EVCP_OK);
    CHECK(evcp_config_set_connectors(cfg, 0) == EVCP_E_INVALID);
    CHECK(evcp_config_set_connectors(cfg, 257) == EVCP_E_INVALID);
    CHECK(evcp_config_set_lockable(cfg, 2, false) == EVCP_E_INVALID);
    CHECK(evcp_config_set_profile(cfg, 4) == EVCP_E_INVALID);
    CHECK(evcp_config_set_limit(cfg, 2, 3, 16) == EVCP_E_INVALID);
    CHECK(evcp_config_set_limit(cfg, 1, 4, 16) == EVCP_E_INVALID);
    CHECK(evcp_config_set_limit(cfg, 1, 3, NAN) == EVCP_E_INVALID);
    CHECK(evcp_config_set_limit(cfg, 1, 3, -1) == EVCP_E_INVALID);
    CHECK(evcp_config_set_limit(cfg, 1, 1, 16) == EVCP_OK);
    CHECK(evcp_config_set_auth_key(cfg, (const uint8_t *)"short", 5) == EVCP_E_INVALID);
    REFUSED(evcp_config_set(cfg, "nonsense", "1"), EVCP_E_UNSUPPORTED, "nonsense");
    CHECK(evcp_config_set(cfg, "reconnect.max_s", "soon") == EVCP_E_INVALID);
    CHECK(evcp_config_set(cfg, "device.nonsense", "1") == EVCP_E_UNSUPPORTED);
    CHECK(evcp_config_set(cfg, "device.iccid", "a number of 23 letters.") == EVCP_E_INVALID);
    CHECK(evcp_config_set(cfg, "device.meter_type", "test") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "meter.measurands", "Voltage,Nonsense") == EVCP_E_INVALID);
    CHECK(evcp_config_set_identity(cfg, "X") == EVCP_OK);
    CHECK(evcp_config_set_url(cfg, "http://nowhere") == EVCP_OK);
    REFUSED(evcp_new(cfg, NULL, NULL, &cp), EVCP_E_INVALID, "http://nowhere");
    CHECK(evcp_config_set_url(cfg, "wss://127.0.0.1") == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_E_INVALID); /* no roots */
    CHECK(evcp_config_set_profile(cfg, 1) == EVCP_OK);
    CHECK(evcp_config_set_auth_key(cfg, (const uint8_t *)"a key of 16 byte", 16) == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_E_INVALID); /* the password would go in clear */
    CHECK(strstr(evcp_last_error(), "profile 1") != NULL);
    CHECK(evcp_config_set_profile(cfg, 0) == EVCP_OK);
    CHECK(evcp_config_set_ca_pem(cfg, (const uint8_t *)"no pem", 6) == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_E_INVALID);
    CHECK(evcp_config_set_url(cfg, "ws://127.0.0.1") == EVCP_OK);
    CHECK(evcp_config_set_ca_pem(cfg, NULL, 0) == EVCP_OK);
    CHECK(evcp_config_set(cfg, "HeartbeatInterval", "-1") == EVCP_OK);
    REFUSED(evcp_new(cfg, NULL, NULL, &cp), EVCP_E_INVALID, "HeartbeatInterval");
    CHECK(evcp_config_set(cfg, "HeartbeatInterval", "60") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "MeterValuesSampledData", "Voltage") == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_E_INVALID); /* the meter shows none */
    CHECK(strstr(evcp_last_error(), "MeterValuesSampledData") != NULL);
    CHECK(evcp_config_set(cfg, "meter.measurands", "Voltage") == EVCP_OK);
    CHECK(evcp_config_set_storage(cfg, "") == EVCP_E_INVALID);
    CHECK(evcp_config_set_storage(cfg, "/proc/nowhere/to/be/made") == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_E_IO);
    evcp_config_free(cfg);
}

static void structs_of_other_sizes_are_understood(void)
{
    evcp_config_t *cfg = config_for_anyone("SIZES");
    struct {
        evcp_callbacks_t known;
        void *unknown[2];
    } newer = { .known = EVCP_CALLBACKS_INIT };
    evcp_t *cp = NULL;
    newer.known.struct_size = sizeof newer;
    CHECK(evcp_new(cfg, &newer.known, NULL, &cp) == EVCP_OK);
    evcp_free(cp);
    newer.unknown[1] = &newer;
    CHECK(evcp_new(cfg, &newer.known, NULL, &cp) == EVCP_E_UNSUPPORTED && cp == NULL);
    cp = NULL;
    newer.known.struct_size = 16 + sizeof(void *) / 2;
    CHECK(evcp_new(cfg, &newer.known, NULL, &cp) == EVCP_E_INVALID && cp == NULL);
    CHECK(strstr(evcp_last_error(), "in the middle of a field") != NULL);
    newer.known.struct_size = 16; /* an old program: it knows destroy alone */
    CHECK(evcp_new(cfg, &newer.known, NULL, &cp) == EVCP_OK);
    evcp_stats_t stats;
    memset(&stats, 0x55, sizeof stats);
    stats.struct_size = 16;
    CHECK(evcp_get_stats(cp, &stats) == EVCP_OK);
    CHECK(stats.connects == 0 && stats.calls_sent == 0x5555555555555555u);
    for (stats.struct_size = 17; stats.struct_size < 24; stats.struct_size++) {
        CHECK(evcp_get_stats(cp, &stats) == EVCP_E_INVALID); /* in the middle of calls_sent */
        CHECK(stats.calls_sent == 0x5555555555555555u);
    }
    stats.struct_size = 0;
    CHECK(evcp_get_stats(cp, &stats) == EVCP_E_INVALID);
    CHECK(evcp_get_stats(cp, NULL) == EVCP_E_INVALID);
    evcp_free(cp);
    evcp_config_free(cfg);
}

static void a_question_answered_at_once_starts_the_session(void)
{
    struct seen seen = { .manner = AT_ONCE };
    begin(&seen, "ATONCE");
    UNTIL(seen.cp, seen.started == 1);
    evcp_tx_t tx = 0;
    CHECK(evcp_get_tx(seen.cp, 1, &tx) == EVCP_OK && tx != 0);
    CHECK(evcp_stop_tx(seen.cp, 1, EVCP_REASON_LOCAL) == EVCP_OK);
    UNTIL(seen.cp, seen.stopped == 1);
    evcp_free(seen.cp);
    CHECK(seen.destroyed == 1);
}

static void a_question_answered_twice_expires_the_second_time(void)
{
    struct seen seen = { .manner = TWICE };
    begin(&seen, "TWICE");
    UNTIL(seen.cp, seen.started == 1 && seen.answered_twice == 1);
    evcp_free(seen.cp);
}

static void a_question_that_is_never_answered_holds_nothing_up(void)
{
    struct seen seen = { .manner = NEVER };
    begin(&seen, "NEVER");
    UNTIL(seen.cp, seen.started == 1);
    CHECK(evcp_answer_meter(seen.cp, seen.meter, NULL, 0) == EVCP_E_EXPIRED);
    evcp_free(seen.cp);
}

static void a_question_takes_no_answer_of_another_kind_and_stays_open(void)
{
    struct seen seen = { .manner = WRONG_KIND };
    begin(&seen, "KIND");
    UNTIL(seen.cp, seen.started == 1);
    evcp_free(seen.cp);
}

static void too_much_is_refused_with_a_code_of_its_own_and_stops_never_are(void)
{
    struct seen seen = { 0 };
    evcp_supply_t supply = EVCP_SUPPLY_INIT;
    evcp_t *cp = make(&seen, "FULL"); /* not started: what is told waits */
    evcp_err_t err = EVCP_OK;
    for (int i = 0; i < 5000 && err == EVCP_OK; i++)
        err = evcp_present_tag(cp, 1, "CAFE01");
    CHECK(err == EVCP_E_FULL && strcmp(evcp_strerror(err), "too much is waiting") == 0);
    for (int i = 0; i < 5000; i++) {
        CHECK(evcp_set_fault(cp, 1, EVCP_ERROR_GROUND_FAILURE, NULL, NULL) == EVCP_OK);
        CHECK(evcp_set_fault(cp, 0, EVCP_ERROR_INTERNAL_ERROR, NULL, NULL) == EVCP_OK);
        CHECK(evcp_stop_tx(cp, 1, EVCP_REASON_EMERGENCY_STOP) == EVCP_OK);
        CHECK(evcp_power_fails(cp) == EVCP_OK);
    }
    CHECK(evcp_get_supply(cp, 1, &supply) == EVCP_OK && !supply.permit && supply.amps == 0);
    CHECK(evcp_stop(cp, 5000) == EVCP_OK);
    evcp_free(cp);
}

/* Vendor data is concluded at once without a network: as many callbacks as one likes. */
static evcp_t *with_a_lot_to_dispatch(struct seen *seen, const char *id, evcp_data_fn done, int count)
{
    evcp_t *cp = make(seen, id);
    evcp_set_network(cp, false);
    evcp_start(cp);
    for (int i = 0; i < count; i++)
        CHECK(evcp_data_transfer(cp, "vendor", NULL, NULL, 0, done, seen) == EVCP_OK);
    CHECK(evcp_stop(cp, 5000) == EVCP_OK); /* all of them are concluded now */
    return cp;
}

static void on_one(void *ud, evcp_err_t err, uint32_t status, const char *data, size_t len)
{
    (void)status, (void)data, (void)len;
    CHECK(err == EVCP_E_OFFLINE || err == EVCP_E_CLOSED);
    ((struct seen *)ud)->data_calls++;
}

static void on_one_and_wake(void *ud, evcp_err_t err, uint32_t status, const char *data, size_t len)
{
    on_one(ud, err, status, data, len);
    evcp_wakeup(((struct seen *)ud)->cp);
}

static bool is_readable(evcp_t *cp)
{
    struct pollfd fd = { .fd = evcp_fd(cp), .events = POLLIN };
    return poll(&fd, 1, 0) == 1;
}

static void a_dispatch_has_an_end_and_the_descriptor_says_that_more_waits(void)
{
    struct seen seen = { 0 };
    evcp_t *cp = with_a_lot_to_dispatch(&seen, "LOT", on_one, 200);
    int all = 0, ran = 0;
    for (int turns = 0; turns < 100 && is_readable(cp); turns++) {
        ran = evcp_dispatch(cp, 0);
        CHECK(ran <= 64);
        all += ran > 0 ? ran : 0;
    }
    CHECK(seen.data_calls == 200 && all >= 200);
    CHECK(evcp_dispatch(cp, 0) == EVCP_E_CLOSED && !is_readable(cp));
    evcp_free(cp);
}

static void a_wakeup_ends_a_dispatch_between_two_callbacks(void)
{
    struct seen seen = { 0 };
    evcp_t *cp = with_a_lot_to_dispatch(&seen, "BETWEEN", on_one_and_wake, 3);
    for (int turns = 0; turns < 100 && seen.data_calls < 3; turns++) {
        int before = seen.data_calls;
        CHECK(evcp_dispatch(cp, 0) >= 0);
        CHECK(seen.data_calls <= before + 1);
    }
    CHECK(seen.data_calls == 3);
    evcp_free(cp);
}

struct again {
    struct seen seen;
    evcp_config_t *cfg;
    evcp_t *next;
    evcp_err_t err;
};

static void free_and_make_anew(void *ud, evcp_err_t err, uint32_t status, const char *data, size_t len)
{
    struct again *again = ud;
    (void)err, (void)status, (void)data, (void)len;
    if (again->seen.cp == NULL)
        return;
    evcp_free(again->seen.cp);
    again->seen.cp = NULL;
    again->err = evcp_new(again->cfg, NULL, NULL, &again->next);
}

static void freeing_inside_a_callback_leaves_the_storage_to_the_next(void)
{
    struct again again = { .err = EVCP_E_STATE };
    char folder[] = "/tmp/evcp-again-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    again.cfg = config_for_anyone("AGAIN");
    CHECK(evcp_config_set_storage(again.cfg, folder) == EVCP_OK);
    evcp_t *cp = NULL;
    CHECK(evcp_new(again.cfg, NULL, NULL, &cp) == EVCP_OK);
    again.seen.cp = cp;
    evcp_set_network(cp, false);
    evcp_start(cp);
    CHECK(evcp_data_transfer(cp, "vendor", NULL, NULL, 0, free_and_make_anew, &again) == EVCP_OK);
    for (int patience = 0; again.seen.cp != NULL && patience < 400; patience++)
        evcp_dispatch(cp, 50);
    CHECK(again.err == EVCP_OK);
    if (again.err != EVCP_OK)
        printf("%s\n", evcp_last_error());
    evcp_free(again.next);
    evcp_config_free(again.cfg);
    char name[64];
    const char *files[] = { "evcp.db", "evcp.db-wal", "evcp.db-shm", "evcp.lock", "evcp.db-journal" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, files[i]);
        unlink(name);
    }
    rmdir(folder);
}

static void *answer_on_a_thread(void *ud)
{
    struct seen *seen = ud;
    evcp_sample_t sample = { .value = 99, .measurand = EVCP_M_ENERGY_IMPORT };
    CHECK(evcp_answer_meter(seen->cp, seen->meter, &sample, 1) == EVCP_OK);
    return NULL;
}

static void a_question_may_be_answered_later_by_another_thread(void)
{
    struct seen seen = { .manner = LATER };
    evcp_t *cp = make(&seen, "LATER");
    pthread_t thread;
    evcp_set_ev(cp, 1, EVCP_EV_PLUGGED);
    evcp_start(cp);
    UNTIL(seen.cp, seen.accepted);
    evcp_present_tag(cp, 1, "CAFE01");
    UNTIL(seen.cp, seen.meter != 0);
    CHECK(pthread_create(&thread, NULL, answer_on_a_thread, &seen) == 0);
    pthread_join(thread, NULL);
    UNTIL(seen.cp, seen.started == 1);
    evcp_free(cp);
}

static void freeing_inside_a_callback_ends_in_order(void)
{
    struct seen seen = { .manner = FREE_INSIDE };
    begin(&seen, "FREE");
    evcp_t *cp = seen.cp;
    int result = 0;
    for (int patience = 0; result >= 0 && patience < 400; patience++)
        result = evcp_dispatch(cp, 50);
    CHECK(result == EVCP_E_CLOSED);
    CHECK(seen.destroyed == 1 && seen.started == 0);
}

static void waiting_inside_a_callback_is_refused(void)
{
    struct seen seen = { .manner = DISPATCH_INSIDE };
    begin(&seen, "INSIDE");
    UNTIL(seen.cp, seen.started == 1);
    CHECK(seen.inside_dispatch == EVCP_E_DEADLOCK && seen.inside_stop == EVCP_E_DEADLOCK);
    evcp_free(seen.cp);
}

static void warnings_readers_and_signed_readings_are_taken_and_the_lock_is_commanded(void)
{
    struct seen seen = { .curious = true };
    evcp_supply_t supply = EVCP_SUPPLY_INIT;
    evcp_t *cp = make(&seen, "WARN");
    uint32_t status = 99;
    CHECK(evcp_set_warning(cp, 1, EVCP_ERROR_HIGH_TEMPERATURE, "60 degrees", NULL) == EVCP_OK);
    CHECK(evcp_set_warning(cp, 0, EVCP_ERROR_WEAK_SIGNAL, NULL, "7") == EVCP_OK);
    CHECK(evcp_push_meter(cp, 0, NULL, 0) == EVCP_OK);
    CHECK(evcp_push_signed_meter(cp, 1, "OCMF|{}|{}", 10) == EVCP_OK);
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    CHECK(evcp_start(cp) == EVCP_OK);
    CHECK(evcp_present_tag_at(cp, (uint32_t[]){ 1 }, 1, "CAFE01") == EVCP_OK);
    UNTIL(seen.cp, seen.started == 1);
    CHECK(seen.auths == 1 && seen.hot > 0 && seen.weak > 0);
    CHECK(evcp_set_key(cp, "HeartbeatInterval", "77") == EVCP_OK);
    CHECK(evcp_set_key(cp, "AuthorizationKey", "a key of 16 bytes") == EVCP_OK);
    UNTIL(seen.cp, seen.keys == 1 && seen.secrets == 1);
    CHECK(evcp_get_status(cp, 1, &status) == EVCP_OK && status == EVCP_STATUS_PREPARING);
    UNTIL(seen.cp, evcp_get_supply(cp, 1, &supply) == EVCP_OK && supply.permit && supply.lock);
    CHECK(supply.amps == 32.0 && supply.watts == 32.0 * 230 * 3 && supply.phases == 0);
    CHECK(evcp_stop_tx(cp, 1, EVCP_REASON_LOCAL) == EVCP_OK);
    UNTIL(seen.cp, seen.stopped == 1);
    CHECK(evcp_get_supply(cp, 1, &supply) == EVCP_OK && !supply.permit);
    UNTIL(seen.cp, evcp_get_supply(cp, 1, &supply) == EVCP_OK && !supply.lock);
    CHECK(evcp_set_warning(cp, 1, EVCP_ERROR_NO_ERROR, NULL, NULL) == EVCP_OK);
    evcp_free(cp);
    CHECK(seen.destroyed == 1);
}

static void the_charger_itself_authorizes_pauses_and_takes_back(void)
{
    struct seen seen = { .manner = AT_ONCE };
    evcp_supply_t supply = EVCP_SUPPLY_INIT;
    evcp_t *cp = make(&seen, "ITSELF");
    uint32_t status = 99;
    CHECK(evcp_start(cp) == EVCP_OK);
    /* The stop button before the plug. */
    CHECK(evcp_start_tx(cp, 1, "CAFE01", 0) == EVCP_OK);
    UNTIL(seen.cp, evcp_get_status(cp, 1, &status) == EVCP_OK && status == EVCP_STATUS_PREPARING);
    CHECK(evcp_cancel(cp, 0) == EVCP_OK);
    UNTIL(seen.cp, evcp_get_status(cp, 1, &status) == EVCP_OK && status == EVCP_STATUS_AVAILABLE);
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    CHECK(evcp_start_tx(cp, 1, "CAFE01", 0) == EVCP_OK);
    UNTIL(seen.cp, seen.started == 1);
    UNTIL(seen.cp, evcp_get_supply(cp, 1, &supply) == EVCP_OK && supply.permit);
    /* Nothing flows from the call on, and the transaction goes on. */
    CHECK(evcp_set_evse_ready(cp, 1, false, "too hot") == EVCP_OK);
    CHECK(evcp_get_supply(cp, 1, &supply) == EVCP_OK && !supply.permit);
    UNTIL(seen.cp, evcp_get_status(cp, 1, &status) == EVCP_OK && status == EVCP_STATUS_SUSPENDED_EVSE);
    CHECK(evcp_cancel(cp, 1) == EVCP_OK);
    CHECK(evcp_set_evse_ready(cp, 1, true, NULL) == EVCP_OK);
    UNTIL(seen.cp, evcp_get_supply(cp, 1, &supply) == EVCP_OK && supply.permit);
    CHECK(seen.started == 1 && seen.stopped == 0);
    evcp_free(cp);
}

static void a_schedule_can_be_asked_for_before_the_start_and_after_it(void)
{
    evcp_period_t periods[4];
    const size_t size = sizeof periods[0];
    size_t count = 4;
    uint32_t covered = 0;
    evcp_config_t *cfg = config_for_anyone("SCHEDULE");
    evcp_t *cp = NULL;
    CHECK(evcp_config_set_limit(cfg, 1, 2, 16.05) == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_OK);
    evcp_config_free(cfg);
    CHECK(evcp_get_schedule(cp, 1, 60, EVCP_AMPS, periods, size, &count, &covered) == EVCP_OK);
    CHECK(count == 1 && periods[0].limit == 16.0 && periods[0].start_s == 0 && covered == 60);
    CHECK(evcp_start(cp) == EVCP_OK);
    count = 4;
    CHECK(evcp_get_schedule(cp, 0, 60, EVCP_WATTS, periods, size, &count, NULL) == EVCP_OK);
    CHECK(count == 1 && periods[0].limit == 16.0 * 2 * 230);
    count = 0;
    covered = 7;
    CHECK(evcp_get_schedule(cp, 1, 60, EVCP_AMPS, NULL, size, &count, &covered) == EVCP_E_BUFFER);
    CHECK(count == 1 && covered == 7);
    CHECK(evcp_get_schedule(cp, 1, 60, EVCP_AMPS, NULL, size, &count, NULL) == EVCP_E_INVALID);
    CHECK(evcp_get_schedule(cp, 2, 60, EVCP_AMPS, periods, size, &count, NULL) == EVCP_E_INVALID);
    CHECK(evcp_get_schedule(cp, 1, 60, 2, periods, size, &count, NULL) == EVCP_E_INVALID);
    CHECK(evcp_get_schedule(cp, 1, 60, EVCP_AMPS, periods, size, NULL, NULL) == EVCP_E_INVALID);
    CHECK(evcp_get_schedule(NULL, 1, 60, EVCP_AMPS, periods, size, &count, NULL) == EVCP_E_INVALID);
    for (size_t wrong = 0; wrong < size; wrong++)
        CHECK(evcp_get_schedule(cp, 1, 60, EVCP_AMPS, periods, wrong, &count, NULL) == EVCP_E_INVALID);
    CHECK(strstr(evcp_last_error(), "period_size is 15: it must be 16") != NULL);
    struct {
        evcp_period_t known;
        uint32_t unknown[2];
    } newer[2];
    memset(newer, 0x55, sizeof newer);
    count = 2;
    CHECK(evcp_get_schedule(cp, 1, 60, EVCP_AMPS, &newer[0].known, sizeof newer[0], &count, NULL) ==
          EVCP_OK);
    CHECK(count == 1 && newer[0].known.limit == 16.0 && newer[1].unknown[0] == 0x55555555);
    CHECK(newer[0].unknown[0] == 0 && newer[0].unknown[1] == 0);
    CHECK(evcp_stop(cp, 2000) == EVCP_OK);
    count = 4;
    CHECK(evcp_get_schedule(cp, 1, 60, EVCP_AMPS, periods, size, &count, NULL) == EVCP_E_CLOSED);
    evcp_free(cp);
}

static void undelivered_transactions_are_asked_for_one_by_one(void)
{
    evcp_tx_info_t info = EVCP_TX_INFO_INIT;
    char text[128];
    size_t len = sizeof text;
    struct seen seen = { 0 };
    evcp_t *cp = make(&seen, "UNDELIVERED");
    CHECK(evcp_get_undelivered(cp, 0, &info, text, &len) == 0);
    CHECK(evcp_get_undelivered(cp, UINT64_MAX, &info, NULL, &len) == 0);
    CHECK(evcp_get_undelivered(NULL, 0, &info, text, &len) == EVCP_E_INVALID);
    CHECK(evcp_get_undelivered(cp, 0, &info, text, NULL) == EVCP_E_INVALID);
    REFUSED(evcp_deliver_tx(cp, 1), EVCP_E_INVALID, "transaction 1 is not undelivered");
    CHECK(evcp_forget_tx(cp, 1) == EVCP_E_INVALID);
    CHECK(evcp_deliver_tx(NULL, 1) == EVCP_E_INVALID && evcp_forget_tx(NULL, 1) == EVCP_E_INVALID);
    evcp_free(cp);
}

static void *dispatch_for_ever(void *ud)
{
    int result = 0;
    while (result >= 0)
        result = evcp_dispatch(ud, -1);
    return (void *)(intptr_t)result;
}

static void *dispatch_once(void *ud)
{
    int result;
    while ((result = evcp_dispatch(ud, -1)) == EVCP_E_STATE)
        sched_yield(); /* the one who looks whether we are in there was faster */
    return (void *)(intptr_t)result;
}

static void freeing_ends_a_dispatch_on_another_thread(void)
{
    struct seen seen = { .manner = AT_ONCE };
    evcp_t *cp = make(&seen, "THREAD"); /* not started: the dispatch has nothing to return for */
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, dispatch_once, cp) == 0);
    while (evcp_dispatch(cp, 0) != EVCP_E_STATE)
        sched_yield();
    evcp_free(cp);
    pthread_join(thread, &result);
    CHECK((intptr_t)result == EVCP_E_CLOSED);
    CHECK(seen.destroyed == 1);
}

static void stopping_ends_a_dispatch_on_another_thread(void)
{
    struct seen seen = { .manner = AT_ONCE };
    evcp_t *cp = make(&seen, "STOP");
    pthread_t thread;
    void *result = NULL;
    evcp_start(cp);
    CHECK(pthread_create(&thread, NULL, dispatch_for_ever, cp) == 0);
    CHECK(evcp_stop(cp, 5000) == EVCP_OK);
    pthread_join(thread, &result);
    CHECK((intptr_t)result == EVCP_E_CLOSED);
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_PLUGGED) == EVCP_E_CLOSED);
    CHECK(evcp_dispatch(cp, -1) == EVCP_E_CLOSED);
    evcp_free(cp);
    CHECK(seen.destroyed == 1);
}

static evcp_t *to_wake;

static void on_alarm(int signal)
{
    (void)signal;
    evcp_wakeup(to_wake);
}

static void a_signal_handler_ends_a_wait(void)
{
    struct seen seen = { 0 };
    to_wake = make(&seen, "WAKE");
    struct sigaction action = { .sa_handler = on_alarm };
    struct sigaction before;
    sigaction(SIGALRM, &action, &before);
    alarm(1);
    CHECK(evcp_dispatch(to_wake, -1) == 0);
    sigaction(SIGALRM, &before, NULL);
    evcp_free(to_wake);
}

static void on_data(void *ud, evcp_err_t err, uint32_t status, const char *data, size_t len)
{
    struct seen *seen = ud;
    (void)status;
    CHECK(len == 0 || data[len] == '\0');
    seen->data_calls++;
    seen->data_err = err;
}

static void vendor_data_is_concluded_exactly_once(void)
{
    struct seen seen = { .manner = AT_ONCE };
    evcp_t *cp = make(&seen, "DATA");
    CHECK(evcp_data_transfer(cp, NULL, NULL, NULL, 0, on_data, &seen) == EVCP_E_INVALID);
    evcp_start(cp);
    UNTIL(seen.cp, seen.accepted);
    CHECK(evcp_data_transfer(cp, "vendor", "m", "data", 4, on_data, &seen) == EVCP_OK);
    CHECK(seen.data_calls == 0);
    UNTIL(seen.cp, seen.data_calls == 1 && seen.data_err == EVCP_OK);
    evcp_set_network(cp, false);
    UNTIL(seen.cp, !seen.connected);
    CHECK(evcp_data_transfer(cp, "vendor", NULL, NULL, 0, on_data, &seen) == EVCP_OK);
    UNTIL(seen.cp, seen.data_calls == 2 && seen.data_err == EVCP_E_OFFLINE);
    CHECK(evcp_data_transfer(cp, "vendor", NULL, NULL, 0, on_data, &seen) == EVCP_OK);
    evcp_free(cp);
    CHECK(seen.data_calls == 3 && seen.data_err == EVCP_E_CLOSED);
    CHECK(seen.destroyed == 1);
}

static void on_line(void *ud, const evcp_log_line_t *line)
{
    CHECK(line->text != NULL && line->level >= EVCP_LOG_ERROR && line->level <= EVCP_LOG_TRACE);
    CHECK(evcp_set_log(EVCP_LOG_INFO, NULL, NULL) == EVCP_E_DEADLOCK);
    __atomic_fetch_add((int *)ud, 1, __ATOMIC_RELAXED);
}

static void the_log_may_be_set_and_unset_under_load(void)
{
    struct seen seen = { .manner = AT_ONCE };
    CHECK(evcp_set_log(9, on_line, NULL) == EVCP_E_INVALID);
    evcp_t *cp = make(&seen, "LOG");
    evcp_start(cp);
    for (int i = 0; i < 300; i++) {
        int *lines = calloc(1, sizeof *lines);
        CHECK(evcp_set_log(EVCP_LOG_TRACE, on_line, lines) == EVCP_OK);
        evcp_set_network(cp, i % 2 == 0);
        evcp_dispatch(cp, 1);
        CHECK(evcp_set_log(0, NULL, NULL) == EVCP_OK);
        free(lines); /* nobody writes to it any more */
    }
    int lines = 0;
    CHECK(evcp_set_log(EVCP_LOG_TRACE, on_line, &lines) == EVCP_OK);
    CHECK(evcp_set_network(cp, true) == EVCP_OK);
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_PLUGGED) == EVCP_OK); /* sends a status */
    UNTIL(seen.cp, __atomic_load_n(&lines, __ATOMIC_RELAXED) > 0);
    CHECK(evcp_set_log(0, NULL, NULL) == EVCP_OK);
    evcp_free(cp);
}

/* Whose frames the log has shown: bits, so that the library's thread may set them. */
enum { ASKED_1 = 1, ANSWERED_1 = 2, ASKED_2 = 4, ANSWERED_2 = 8, ALL_FRAMES = 15, CUT = 16 };

static void on_frame(void *ud, const evcp_log_line_t *line)
{
    static const char *const begins[] = { "FRAME 1 > [2,\"", "FRAME 1 < [3,", "FRAME 2 > [2,\"", "FRAME 2 < [3," };
    if (strcmp(line->target, "evcp::frame") != 0)
        return;
    CHECK(line->level == EVCP_LOG_TRACE);
    int bits = line->text[strlen(line->text) - 1] == ']' ? 0 : CUT;
    for (int i = 0; i < 4; i++)
        if (strncmp(line->text, begins[i], strlen(begins[i])) == 0 &&
            (i % 2 == 1 || strstr(line->text, "\"BootNotification\"") != NULL))
            bits |= 1 << i;
    __atomic_fetch_or((int *)ud, bits, __ATOMIC_RELAXED);
}

static void frames_come_through_the_log_whole_and_say_whose_they_are(void)
{
    struct seen seen = { .manner = AT_ONCE }, other = { .manner = AT_ONCE };
    int frames = 0;
    CHECK(evcp_set_log(EVCP_LOG_TRACE, on_frame, &frames) == EVCP_OK);
    evcp_t *first = make(&seen, "FRAME 1"), *second = make(&other, "FRAME 2");
    evcp_start(first);
    evcp_start(second);
    UNTIL(seen.cp, __atomic_load_n(&frames, __ATOMIC_RELAXED) == ALL_FRAMES);
    evcp_free(first);
    evcp_free(second);
    CHECK(evcp_set_log(0, NULL, NULL) == EVCP_OK);
}

static int threads; /* at the start: this one, and those of an emulator or a sanitizer */

static int entries(const char *directory)
{
    int count = 0;
    DIR *dir = opendir(directory);
    while (dir != NULL && readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void many_lives_leave_nothing_behind(void)
{
    int before = 0;
    for (int i = 0; i < 60; i++) {
        struct seen seen = { 0 };
        char id[16];
        snprintf(id, sizeof id, "MANY%d", i);
        evcp_t *cp = make(&seen, id);
        evcp_start(cp);
        if (i % 2)
            evcp_dispatch(cp, 1);
        evcp_free(cp);
        CHECK(seen.destroyed == 1);
        if (i == 10)
            before = entries("/proc/self/fd");
    }
    /* The thread closes what is its own a little later. */
    for (int i = 0; i < 1000 && entries("/proc/self/task") > threads; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    CHECK(entries("/proc/self/task") == threads);
    CHECK(entries("/proc/self/fd") <= before);
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    threads = entries("/proc/self/task");
    the_versions_of_header_and_library_agree();
    every_result_has_a_text();
    every_constant_has_a_name();
    null_is_an_error_and_never_a_crash();
    garbage_is_an_error_that_names_it();
    a_bad_configuration_is_named();
    structs_of_other_sizes_are_understood();
    a_question_answered_at_once_starts_the_session();
    a_question_answered_twice_expires_the_second_time();
    a_question_that_is_never_answered_holds_nothing_up();
    a_question_takes_no_answer_of_another_kind_and_stays_open();
    too_much_is_refused_with_a_code_of_its_own_and_stops_never_are();
    a_dispatch_has_an_end_and_the_descriptor_says_that_more_waits();
    a_wakeup_ends_a_dispatch_between_two_callbacks();
    freeing_inside_a_callback_leaves_the_storage_to_the_next();
    a_question_may_be_answered_later_by_another_thread();
    freeing_inside_a_callback_ends_in_order();
    waiting_inside_a_callback_is_refused();
    warnings_readers_and_signed_readings_are_taken_and_the_lock_is_commanded();
    the_charger_itself_authorizes_pauses_and_takes_back();
    a_schedule_can_be_asked_for_before_the_start_and_after_it();
    undelivered_transactions_are_asked_for_one_by_one();
    freeing_ends_a_dispatch_on_another_thread();
    stopping_ends_a_dispatch_on_another_thread();
    a_signal_handler_ends_a_wait();
    vendor_data_is_concluded_exactly_once();
    the_log_may_be_set_and_unset_under_load();
    frames_come_through_the_log_whole_and_say_whose_they_are();
    many_lives_leave_nothing_behind();
    printf("%d failures\n", failures);
    return failures > 0;
}
