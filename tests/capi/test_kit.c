/* The test kit as the unit tests of a firmware see it: every function, bad input, and that the same program gives
 * the same frames. usage: test_kit EMPTY-DIRECTORY */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <evcp_test.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *folder;

_Static_assert(sizeof(void *) != 8 || sizeof(evcp_test_tx_t) == 88, "as Rust has it");

/* Whether the last error names something. */
static bool says(const char *what)
{
    return strstr(evcp_last_error(), what) != NULL;
}

static bool is(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

/* ---- a firmware, as small as can be ---- */

struct firmware {
    evcp_test_t *world;
    evcp_t *cp;
    evcp_config_t *cfg;
    double wh;
    int calls, ticks, permits, storage_fails, boots, destroyed;
    evcp_err_t inside, inside_new;
    bool curious, frees_inside;
};

static void on_supply(void *ud, uint32_t connector, const evcp_supply_t *supply)
{
    struct firmware *it = ud;
    it->calls++;
    it->permits += supply->permit && connector == 1;
}

static void on_meter_read(void *ud, uint32_t connector, uint32_t context, evcp_req_t req)
{
    struct firmware *it = ud;
    evcp_sample_t sample = { .value = it->wh, .measurand = EVCP_M_ENERGY_IMPORT };
    it->calls++;
    it->wh += 100;
    (void)context;
    CHECK(connector <= 1);
    CHECK(evcp_answer_meter(it->cp, req, &sample, 1) == EVCP_OK);
}

static void on_boot(void *ud, const evcp_boot_info_t *boot)
{
    struct firmware *it = ud;
    it->calls++;
    it->boots += boot->status == EVCP_BOOT_ACCEPTED;
    if (it->curious) {
        const char *answer = "";
        it->curious = false;
        CHECK(evcp_test_advance(it->world, 1) == EVCP_E_DEADLOCK && says("inside a callback"));
        CHECK(evcp_test_stall(it->world, 1) == EVCP_E_DEADLOCK);
        CHECK(evcp_test_call(it->world, "Reset", NULL, &answer) == EVCP_E_DEADLOCK && answer == NULL);
        CHECK(evcp_test_reply(it->world, "{}") == EVCP_E_DEADLOCK);
        CHECK(evcp_test_refuse(it->world, "GenericError", NULL) == EVCP_E_DEADLOCK);
        CHECK(evcp_test_power_cut(it->world) == EVCP_E_DEADLOCK);
        CHECK(evcp_dispatch(it->cp, 0) == EVCP_E_DEADLOCK);
        CHECK(evcp_test_clock(it->world) > 0 && evcp_test_sent(it->world) != NULL);
        it->inside = EVCP_E_DEADLOCK;
    }
    if (it->frees_inside) {
        it->frees_inside = false;
        evcp_free(it->cp);
        it->cp = NULL;
    }
}

static void on_storage(void *ud, const evcp_storage_info_t *storage)
{
    struct firmware *it = ud;
    it->storage_fails += storage->state == EVCP_STORAGE_FAILS ? 1 : -1;
}

static void on_destroy(void *ud)
{
    struct firmware *it = ud;
    it->destroyed++;
}

static evcp_err_t make(struct firmware *it)
{
    evcp_callbacks_t cb = EVCP_CALLBACKS_INIT;
    cb.on_supply = on_supply;
    cb.on_meter_read = on_meter_read;
    cb.on_boot = on_boot;
    cb.on_storage = on_storage;
    cb.destroy = on_destroy;
    return evcp_new(it->cfg, &cb, it, &it->cp);
}

static void boot(struct firmware *it)
{
    CHECK(make(it) == EVCP_OK);
    CHECK(evcp_start(it->cp) == EVCP_OK);
    CHECK(evcp_test_advance(it->world, 0) > 0);
}

/* A world with a charge point that is not made yet; storage: a folder of its own, or none. */
static struct firmware begin(const char *storage)
{
    struct firmware it = { .world = evcp_test_new(), .cfg = evcp_config_new(), .wh = 1000 };
    char path[512];
    CHECK(it.world != NULL);
    CHECK(evcp_config_set_url(it.cfg, "ws://central.example/ocpp") == EVCP_OK);
    CHECK(evcp_config_set_identity(it.cfg, "KIT") == EVCP_OK);
    CHECK(evcp_config_set_device(it.cfg, "evcp", "kit", NULL, NULL) == EVCP_OK);
    if (storage) {
        snprintf(path, sizeof path, "%s/%s", folder, storage);
        CHECK(evcp_config_set_storage(it.cfg, path) == EVCP_OK);
    }
    return it;
}

static void end(struct firmware *it)
{
    evcp_free(it->cp);
    evcp_config_free(it->cfg);
    evcp_test_free(it->world);
    CHECK(evcp_test_advance(NULL, 0) == EVCP_E_INVALID);
}

static void charge(struct firmware *it)
{
    CHECK(evcp_set_ev(it->cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_present_tag(it->cp, 1, "CAFE01") == EVCP_OK);
    CHECK(evcp_test_advance(it->world, 1000) > 0);
}

/* ---- tests ---- */

static void time_stands_still_until_it_is_told_to_move(void)
{
    struct firmware it = begin(NULL);
    CHECK(evcp_test_now(it.world) == 0 && evcp_test_clock(it.world) == 1767225600000);
    boot(&it);
    CHECK(it.boots == 1 && evcp_test_now(it.world) == 0);
    CHECK(evcp_dispatch(it.cp, 10000) == 0 && evcp_dispatch(it.cp, -1) == 0);
    CHECK(evcp_test_advance(it.world, 7200000) >= 0);
    CHECK(evcp_test_now(it.world) == 7200000 && evcp_test_clock(it.world) == 1767232800000);
    /* Two hours of heartbeats: each 300 s. */
    int beats = 0;
    while (evcp_test_sent_call(it.world, "Heartbeat"))
        beats++;
    CHECK(beats >= 23 && beats <= 24);
    /* A step of the device's clock, and what the central system says of it. */
    CHECK(evcp_test_set_clock(it.world, 1000) == EVCP_OK && evcp_test_clock(it.world) == 1000);
    CHECK(evcp_test_now(it.world) == 7200000);
    end(&it);
}

static void a_session_is_in_the_books(void)
{
    struct firmware it = begin("session");
    evcp_test_tx_t tx = EVCP_TEST_TX_INIT;
    boot(&it);
    const char *payload = evcp_test_sent_call(it.world, "BootNotification");
    CHECK(is(evcp_test_value(it.world, payload, "/chargePointModel"), "kit"));
    CHECK(evcp_test_tx_count(it.world) == 0);
    charge(&it);
    CHECK(it.permits == 1 && evcp_test_tx_count(it.world) == 1);
    CHECK(evcp_test_tx(it.world, 0, &tx) == EVCP_OK);
    CHECK(tx.id == 1 && tx.connector == 1 && !tx.stopped && is(tx.tag, "CAFE01") && tx.stop_tag == NULL);
    CHECK(tx.reason == NULL && tx.started_ms == 1767225600000 && tx.stopped_ms == 0);
    CHECK(evcp_test_advance(it.world, 3600000) > 0);
    CHECK(evcp_test_tx(it.world, 0, &tx) == EVCP_OK);
    CHECK(tx.samples > 0 && is(evcp_test_value(it.world, tx.last_sample, "/transactionId"), "1"));
    CHECK(evcp_present_tag(it.cp, 1, "CAFE01") == EVCP_OK);
    CHECK(evcp_test_advance(it.world, 1000) > 0);
    CHECK(evcp_test_tx(it.world, 0, &tx) == EVCP_OK);
    CHECK(tx.stopped && is(tx.reason, "Local") && is(tx.stop_tag, "CAFE01"));
    CHECK(tx.meter_stop_wh > tx.meter_start_wh && tx.stopped_ms > tx.started_ms);
    CHECK(evcp_test_tx(it.world, 1, &tx) == EVCP_E_INVALID && says("there are 1"));
    end(&it);
}

static void the_central_system_follows_its_rules(void)
{
    struct firmware it = begin(NULL);
    evcp_test_t *world = it.world;
    CHECK(evcp_test_rule(world, "BootNotification", EVCP_TEST_ANSWER, "{\"status\":\"Pending\",\"interval\":60}") == EVCP_OK);
    boot(&it);
    CHECK(it.boots == 0);
    CHECK(evcp_test_rule(world, "BootNotification", EVCP_TEST_ANSWER, NULL) == EVCP_OK);
    CHECK(evcp_test_advance(world, 61000) > 0 && it.boots == 1);
    CHECK(evcp_test_set_tag(world, "BAD", "Blocked", NULL) == EVCP_OK);
    CHECK(evcp_test_set_tag(world, "CAFE01", "Accepted", "GROUP") == EVCP_OK);
    CHECK(evcp_test_set_tag(world, "CAFE02", "Accepted", "GROUP") == EVCP_OK);
    CHECK(evcp_set_ev(it.cp, 1, EVCP_EV_CHARGING) == EVCP_OK && evcp_present_tag(it.cp, 1, "BAD") == EVCP_OK);
    CHECK(evcp_test_advance(world, 1000) >= 0);
    CHECK(is(evcp_test_value(world, evcp_test_sent_call(world, "Authorize"), "/idTag"), "BAD"));
    CHECK(evcp_test_tx_count(world) == 0 && it.permits == 0);
    charge(&it);
    CHECK(evcp_test_tx_count(world) == 1);
    /* One of the same group may end it. */
    evcp_test_tx_t tx = EVCP_TEST_TX_INIT;
    CHECK(evcp_present_tag(it.cp, 1, "CAFE02") == EVCP_OK && evcp_test_advance(world, 1000) > 0);
    CHECK(evcp_test_tx(world, 0, &tx) == EVCP_OK && tx.stopped && is(tx.stop_tag, "CAFE02"));
    /* Errors, silence, by hand. */
    CHECK(evcp_test_rule(world, "Authorize", EVCP_TEST_ERROR, "NotSupported") == EVCP_OK);
    CHECK(evcp_test_rule(world, "Heartbeat", EVCP_TEST_SILENT, NULL) == EVCP_OK);
    CHECK(evcp_test_reply(world, "{}") == EVCP_E_STATE && says("EVCP_TEST_BY_HAND"));
    CHECK(evcp_test_refuse(world, "GenericError", "no") == EVCP_E_STATE);
    CHECK(evcp_test_rule(world, NULL, EVCP_TEST_BY_HAND, NULL) == EVCP_OK);
    CHECK(evcp_set_ev(it.cp, 1, EVCP_EV_ABSENT) == EVCP_OK && evcp_test_advance(world, 1000) >= 0);
    CHECK(evcp_test_reply(world, "{}") == EVCP_OK);
    CHECK(evcp_set_ev(it.cp, 1, EVCP_EV_PLUGGED) == EVCP_OK && evcp_test_advance(world, 1000) >= 0);
    CHECK(evcp_test_refuse(world, "GenericError", NULL) == EVCP_OK);
    CHECK(evcp_test_rule(world, NULL, EVCP_TEST_ANSWER, NULL) == EVCP_OK);
    /* An answer that takes its time. */
    CHECK(evcp_test_set_delay(world, 5000) == EVCP_OK);
    CHECK(evcp_present_tag(it.cp, 1, "CAFE02") == EVCP_OK && evcp_test_advance(world, 4000) >= 0);
    CHECK(evcp_test_tx_count(world) == 1);
    CHECK(evcp_test_advance(world, 10000) > 0 && evcp_test_tx_count(world) == 2);
    end(&it);
}

static void the_central_system_calls(void)
{
    struct firmware it = begin(NULL);
    const char *answer;
    CHECK(evcp_test_call(it.world, "ClearCache", NULL, &answer) == EVCP_E_OFFLINE);
    CHECK(evcp_test_answer(it.world) == NULL);
    boot(&it);
    CHECK(evcp_test_call(it.world, "ClearCache", NULL, &answer) == EVCP_OK);
    CHECK(is(answer, "{\"status\":\"Accepted\"}") && is(evcp_test_answer(it.world), answer));
    CHECK(evcp_test_call(it.world, "Nonsense", "{}", &answer) == EVCP_OK);
    CHECK(is(evcp_test_value(it.world, answer, "/errorCode"), "NotImplemented"));
    CHECK(evcp_test_call(it.world, "ClearCache", NULL, NULL) == EVCP_OK);
    CHECK(evcp_test_set_delay(it.world, 100) == EVCP_OK);
    CHECK(evcp_test_call(it.world, "ClearCache", "{}", &answer) == EVCP_OK && answer == NULL);
    CHECK(evcp_test_advance(it.world, 100) >= 0 && is(evcp_test_answer(it.world), "{\"status\":\"Accepted\"}"));
    CHECK(evcp_test_call(it.world, "ClearCache", "[]", &answer) == EVCP_E_INVALID && says("no JSON object"));
    CHECK(evcp_test_call(it.world, "ClearCache", "{", &answer) == EVCP_E_INVALID && says("no JSON"));
    CHECK(evcp_test_call(it.world, "", "{}", &answer) == EVCP_E_INVALID && answer == NULL);
    CHECK(evcp_test_call(it.world, NULL, "{}", &answer) == EVCP_E_INVALID);
    CHECK(evcp_test_call(it.world, "\xff", "{}", &answer) == EVCP_E_INVALID && says("UTF-8"));
    end(&it);
}

static void the_link_comes_and_goes(void)
{
    struct firmware it = begin("link");
    evcp_test_t *world = it.world;
    evcp_test_tx_t tx = EVCP_TEST_TX_INIT;
    boot(&it);
    charge(&it);
    CHECK(evcp_test_link(world, EVCP_TEST_LINK_DOWN) == EVCP_OK && evcp_test_advance(world, 60000) > 0);
    CHECK(evcp_stop_tx(it.cp, 1, EVCP_REASON_LOCAL) == EVCP_OK && evcp_test_advance(world, 60000) > 0);
    CHECK(evcp_test_tx(world, 0, &tx) == EVCP_OK && !tx.stopped);
    CHECK(evcp_test_call(world, "ClearCache", NULL, NULL) == EVCP_E_OFFLINE);
    CHECK(evcp_test_link(world, EVCP_TEST_LINK_UP) == EVCP_OK && evcp_test_advance(world, 600000) >= 0);
    CHECK(evcp_test_tx(world, 0, &tx) == EVCP_OK && tx.stopped && tx.stopped_ms < evcp_test_clock(world) - 60000);
    /* A line that is dead for a while: nothing is lost. */
    while (evcp_test_sent(world)) {}
    CHECK(evcp_test_link(world, EVCP_TEST_LINK_DEAD) == EVCP_OK);
    CHECK(evcp_present_tag(it.cp, 1, "CAFE01") == EVCP_OK && evcp_test_advance(world, 2000) >= 0);
    CHECK(evcp_test_tx_count(world) == 1);
    CHECK(evcp_test_link(world, EVCP_TEST_LINK_UP) == EVCP_OK && evcp_test_advance(world, 1000) >= 0);
    CHECK(evcp_test_tx_count(world) == 2);
    /* One that stays dead is given up, and a new connection made when it can be. */
    CHECK(evcp_test_link(world, EVCP_TEST_LINK_DEAD) == EVCP_OK && evcp_test_advance(world, 3600000) > 0);
    CHECK(evcp_test_call(world, "ClearCache", NULL, NULL) == EVCP_E_OFFLINE);
    CHECK(evcp_test_link(world, EVCP_TEST_LINK_UP) == EVCP_OK && evcp_test_advance(world, 600000) >= 0);
    CHECK(evcp_test_call(world, "ClearCache", NULL, NULL) == EVCP_OK);
    CHECK(evcp_test_link(world, 3) == EVCP_E_INVALID && says("EVCP_TEST_LINK_"));
    end(&it);
}

static void a_power_cut_loses_what_was_not_stored(void)
{
    struct firmware it = begin("power");
    evcp_test_t *world = it.world;
    evcp_test_tx_t tx = EVCP_TEST_TX_INIT;
    evcp_supply_t supply = EVCP_SUPPLY_INIT;
    CHECK(evcp_test_power_cut(world) == EVCP_E_STATE && says("evcp_new()"));
    boot(&it);
    charge(&it);
    evcp_t *only = it.cp;
    CHECK(make(&it) == EVCP_E_STATE && says("evcp_test_power_cut()") && it.cp == NULL);
    it.cp = only;
    end(&it);

    it = begin("power2");
    world = it.world;
    boot(&it);
    charge(&it);
    evcp_t *old = it.cp;
    CHECK(evcp_set_ev(old, 1, EVCP_EV_ABSENT) == EVCP_OK);
    CHECK(evcp_test_power_cut(world) == EVCP_OK);
    CHECK(evcp_test_power_cut(world) == EVCP_E_STATE);
    CHECK(evcp_dispatch(old, 0) == EVCP_E_CLOSED && evcp_set_ev(old, 1, EVCP_EV_PLUGGED) == EVCP_E_CLOSED);
    CHECK(evcp_start(old) == EVCP_E_CLOSED && evcp_stop(old, 0) == EVCP_E_CLOSED);
    CHECK(evcp_get_supply(old, 1, &supply) == EVCP_OK && !supply.permit);
    CHECK(evcp_test_advance(world, 3600000) == 0);
    CHECK(evcp_test_tx_count(world) == 1);
    /* The same device starts again; the handle of its former life is freed later, and nobody minds. */
    boot(&it);
    evcp_free(old);
    CHECK(it.destroyed == 1);
    CHECK(evcp_set_ev(it.cp, 1, EVCP_EV_PLUGGED) == EVCP_OK && evcp_test_advance(world, 60000) >= 0);
    CHECK(evcp_test_tx(world, 0, &tx) == EVCP_OK && tx.stopped && is(tx.reason, "PowerLoss"));
    /* A world that goes first takes its charge point with it. */
    evcp_test_free(world);
    CHECK(evcp_dispatch(it.cp, 0) == EVCP_E_CLOSED);
    evcp_free(it.cp);
    CHECK(it.destroyed == 2);
    evcp_config_free(it.cfg);
}

static void a_disk_fails_and_works_again(void)
{
    struct firmware it = begin("disk");
    boot(&it);
    CHECK(evcp_test_storage(it.world, EVCP_TEST_STORAGE_FAILS) == EVCP_OK);
    charge(&it);
    CHECK(it.storage_fails == 1 && evcp_test_tx_count(it.world) == 1);
    CHECK(evcp_test_storage(it.world, EVCP_TEST_STORAGE_WORKS) == EVCP_OK);
    CHECK(evcp_test_advance(it.world, 5000) > 0 && it.storage_fails == 0);
    CHECK(evcp_test_storage(it.world, 2) == EVCP_E_INVALID && says("EVCP_TEST_STORAGE_"));
    end(&it);
}

static void a_host_that_is_busy_hears_it_later(void)
{
    struct firmware it = begin(NULL);
    boot(&it);
    CHECK(evcp_set_ev(it.cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_present_tag(it.cp, 1, "CAFE01") == EVCP_OK);
    it.calls = 0;
    CHECK(evcp_test_stall(it.world, 3000) >= 0 && it.calls == 0);
    CHECK(evcp_test_now(it.world) == 3000);
    CHECK(evcp_test_advance(it.world, 10000) > 0 && it.calls > 0);
    CHECK(evcp_test_tx_count(it.world) == 1);
    end(&it);
}

static void tick(void *ud)
{
    struct firmware *it = ud;
    it->ticks++;
    if (it->cp)
        CHECK(evcp_dispatch(it->cp, 0) >= 0);
    CHECK(evcp_test_advance(it->world, 1) == EVCP_E_DEADLOCK);
}

static void the_loop_of_the_firmware_runs_in_virtual_time(void)
{
    struct firmware it = begin(NULL);
    CHECK(evcp_test_every(it.world, 10, tick, &it) == EVCP_OK);
    CHECK(evcp_test_advance(it.world, 9) == 0 && it.ticks == 0);
    CHECK(evcp_test_advance(it.world, 1) == 0 && it.ticks == 1);
    boot(&it);
    CHECK(evcp_test_advance(it.world, 1000) >= 0 && it.ticks == 101);
    /* What a busy host missed comes once. */
    CHECK(evcp_test_stall(it.world, 1000) == EVCP_OK && it.ticks == 101);
    CHECK(evcp_test_advance(it.world, 0) >= 0 && it.ticks == 102);
    CHECK(evcp_test_every(it.world, 0, tick, &it) == EVCP_OK && evcp_test_advance(it.world, 1000) >= 0);
    CHECK(evcp_test_every(it.world, 10, NULL, NULL) == EVCP_OK && evcp_test_advance(it.world, 1000) >= 0);
    CHECK(it.ticks == 102);
    end(&it);
}

static void nothing_passes_time_inside_a_callback(void)
{
    struct firmware it = begin(NULL);
    it.curious = true;
    boot(&it);
    CHECK(it.inside == EVCP_E_DEADLOCK);
    end(&it);
    it = begin(NULL);
    it.frees_inside = true;
    CHECK(make(&it) == EVCP_OK && evcp_start(it.cp) == EVCP_OK);
    CHECK(evcp_test_advance(it.world, 1000) >= 0 && it.cp == NULL && it.destroyed == 1);
    boot(&it);
    CHECK(it.boots == 2);
    end(&it);
}

static void *elsewhere(void *ud)
{
    struct firmware *it = ud;
    evcp_t *other;
    CHECK(evcp_test_advance(it->world, 1) == EVCP_E_STATE && says("another thread"));
    CHECK(evcp_test_now(it->world) == 0 && says("another thread") && evcp_test_sent(it->world) == NULL);
    CHECK(evcp_dispatch(it->cp, 0) == EVCP_E_STATE && says("another thread"));
    CHECK(evcp_start(it->cp) == EVCP_E_STATE && evcp_stop(it->cp, 0) == EVCP_E_STATE);
    CHECK(evcp_new(it->cfg, NULL, NULL, &other) == EVCP_E_STATE && says("evcp_test_new()") && other == NULL);
    /* What is told waits in the mailbox. */
    CHECK(evcp_set_ev(it->cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    return NULL;
}

static void a_world_belongs_to_its_thread(void)
{
    struct firmware it = begin(NULL);
    pthread_t thread;
    CHECK(evcp_test_new() == NULL && says("evcp_test_free()"));
    boot(&it);
    CHECK(pthread_create(&thread, NULL, elsewhere, &it) == 0 && pthread_join(thread, NULL) == 0);
    while (evcp_test_sent(it.world)) {}
    CHECK(evcp_test_advance(it.world, 1000) >= 0);
    CHECK(is(evcp_test_value(it.world, evcp_test_sent_call(it.world, "StatusNotification"), "/status"), "Preparing"));
    end(&it);
}

static void bad_input_is_named(void)
{
    evcp_test_tx_t tx = EVCP_TEST_TX_INIT;
    struct firmware it = begin(NULL);
    evcp_test_t *world = it.world;
    CHECK(evcp_test_advance(NULL, 1) == EVCP_E_INVALID && says("world is NULL"));
    CHECK(evcp_test_advance(world, (uint64_t)-1) == EVCP_E_INVALID && says("ten years"));
    CHECK(evcp_test_stall(NULL, 1) == EVCP_E_INVALID && evcp_test_set_clock(NULL, 1) == EVCP_E_INVALID);
    CHECK(evcp_test_now(NULL) == 0 && evcp_test_clock(NULL) == 0 && evcp_test_tx_count(NULL) == 0);
    CHECK(evcp_test_every(NULL, 1, tick, &it) == EVCP_E_INVALID && evcp_test_link(NULL, 1) == EVCP_E_INVALID);
    CHECK(evcp_test_sent(NULL) == NULL && evcp_test_sent_call(NULL, "Heartbeat") == NULL);
    CHECK(evcp_test_answer(NULL) == NULL && evcp_test_value(NULL, "{}", "") == NULL);
    CHECK(evcp_test_rule(NULL, NULL, 0, NULL) == EVCP_E_INVALID && evcp_test_set_delay(NULL, 1) == EVCP_E_INVALID);
    CHECK(evcp_test_set_tag(NULL, "A", "Accepted", NULL) == EVCP_E_INVALID);
    CHECK(evcp_test_reply(NULL, "{}") == EVCP_E_INVALID && evcp_test_refuse(NULL, "A", NULL) == EVCP_E_INVALID);
    CHECK(evcp_test_call(NULL, "Reset", NULL, NULL) == EVCP_E_INVALID && evcp_test_tx(NULL, 0, &tx) == EVCP_E_INVALID);
    CHECK(evcp_test_power_cut(NULL) == EVCP_E_INVALID && evcp_test_storage(NULL, 0) == EVCP_E_INVALID);
    evcp_test_free(NULL);

    CHECK(evcp_test_sent_call(world, "Heartbeats") == NULL && says("Heartbeats") && says("one of"));
    CHECK(evcp_test_sent_call(world, NULL) == NULL && says("action is NULL"));
    CHECK(evcp_test_rule(world, "Reset", EVCP_TEST_SILENT, NULL) == EVCP_E_INVALID && says("Reset"));
    CHECK(evcp_test_rule(world, NULL, 4, NULL) == EVCP_E_INVALID && says("EVCP_TEST_ANSWER"));
    CHECK(evcp_test_rule(world, NULL, EVCP_TEST_ANSWER, "[]") == EVCP_E_INVALID && says("JSON object"));
    CHECK(evcp_test_rule(world, NULL, EVCP_TEST_ANSWER, "{") == EVCP_E_INVALID && says("no JSON"));
    CHECK(evcp_test_rule(world, NULL, EVCP_TEST_ERROR, "") == EVCP_E_INVALID);
    CHECK(evcp_test_rule(world, NULL, EVCP_TEST_SILENT, "{}") == EVCP_E_INVALID && says("must be NULL"));
    CHECK(evcp_test_rule(world, "\xff", EVCP_TEST_SILENT, NULL) == EVCP_E_INVALID && says("UTF-8"));
    CHECK(evcp_test_set_tag(world, "", "Accepted", NULL) == EVCP_E_INVALID && says("tag is empty"));
    CHECK(evcp_test_set_tag(world, NULL, "Accepted", NULL) == EVCP_E_INVALID);
    CHECK(evcp_test_set_tag(world, "123456789012345678901", "Accepted", NULL) == EVCP_E_INVALID && says("20"));
    CHECK(evcp_test_set_tag(world, "A", "accepted", NULL) == EVCP_E_INVALID && says("Blocked"));
    CHECK(evcp_test_set_tag(world, "A", "Accepted", "123456789012345678901") == EVCP_E_INVALID && says("parent"));
    CHECK(evcp_test_reply(world, NULL) == EVCP_E_INVALID && evcp_test_refuse(world, "", NULL) == EVCP_E_INVALID);
    CHECK(evcp_test_reply(world, "nothing") == EVCP_E_INVALID);
    CHECK(evcp_test_value(world, "{\"a\":[1,{\"b\":null}]}", "/a/1") != NULL);
    CHECK(is(evcp_test_value(world, "{\"a\":[1,{\"b\":null}]}", "/a/1"), "{\"b\":null}"));
    CHECK(is(evcp_test_value(world, "{\"a\":\"x\"}", "/a"), "x") && is(evcp_test_value(world, "[2.5]", "/0"), "2.5"));
    CHECK(evcp_test_value(world, "{}", "/a") == NULL && evcp_test_value(world, NULL, "/a") == NULL);
    CHECK(evcp_test_value(world, "{}", "a") == NULL && says("begin with /"));
    CHECK(evcp_test_value(world, "{", "/a") == NULL && says("no JSON"));
    CHECK(evcp_test_value(world, "{}", NULL) == NULL && says("pointer is NULL"));
    tx.struct_size = 3;
    boot(&it);
    charge(&it);
    CHECK(evcp_test_tx(world, 0, &tx) == EVCP_E_INVALID && says("struct_size"));
    CHECK(evcp_test_tx(world, 0, NULL) == EVCP_E_INVALID && says("out is NULL"));
    end(&it);

    /* Without a world. */
    evcp_config_t *cfg = evcp_config_new();
    evcp_t *cp;
    CHECK(evcp_config_set_url(cfg, "ws://a") == EVCP_OK && evcp_config_set_identity(cfg, "A") == EVCP_OK);
    CHECK(evcp_config_set_device(cfg, "a", "a", NULL, NULL) == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_E_STATE && says("evcp_test_new()"));
    evcp_config_free(cfg);

    /* What no socket would connect to is refused as ever. */
    it = begin(NULL);
    CHECK(evcp_config_set_url(it.cfg, "http://a") == EVCP_OK);
    CHECK(make(&it) == EVCP_E_INVALID && says("ws://"));
    end(&it);
}

/* A life with most of what there is, and all that it says, one frame a line. */
static void live(const char *storage, FILE *to)
{
    struct firmware it = begin(storage);
    boot(&it);
    charge(&it);
    CHECK(evcp_test_advance(it.world, 1000000) > 0);
    CHECK(evcp_test_link(it.world, EVCP_TEST_LINK_DOWN) == EVCP_OK && evcp_test_advance(it.world, 700000) > 0);
    CHECK(evcp_test_power_cut(it.world) == EVCP_OK);
    evcp_free(it.cp);
    CHECK(evcp_test_advance(it.world, 5000) == 0);
    boot(&it);
    CHECK(evcp_test_link(it.world, EVCP_TEST_LINK_UP) == EVCP_OK && evcp_test_advance(it.world, 700000) > 0);
    charge(&it);
    CHECK(evcp_test_advance(it.world, 5000000) > 0);
    for (const char *text; (text = evcp_test_sent(it.world)) != NULL;)
        fprintf(to, "%s\n", text);
    end(&it);
}

static void the_same_program_gives_the_same_frames(void)
{
    char *text[2];
    size_t size[2];
    for (int run = 0; run < 2; run++) {
        FILE *to = open_memstream(&text[run], &size[run]);
        live(run ? "again" : "once", to);
        fclose(to);
    }
    CHECK(size[0] > 2000 && size[0] == size[1] && memcmp(text[0], text[1], size[0]) == 0);
    /* For the next process, which is to say the same. */
    fputs(text[0], stdout);
    free(text[0]);
    free(text[1]);
}

int main(int count, char **args)
{
    if (count != 2)
        return 2;
    folder = args[1];
    time_stands_still_until_it_is_told_to_move();
    a_session_is_in_the_books();
    the_central_system_follows_its_rules();
    the_central_system_calls();
    the_link_comes_and_goes();
    a_power_cut_loses_what_was_not_stored();
    a_disk_fails_and_works_again();
    a_host_that_is_busy_hears_it_later();
    the_loop_of_the_firmware_runs_in_virtual_time();
    nothing_passes_time_inside_a_callback();
    a_world_belongs_to_its_thread();
    bad_input_is_named();
    the_same_program_gives_the_same_frames();
    fprintf(stderr, "%d failures\n", failures);
    return failures != 0;
}
