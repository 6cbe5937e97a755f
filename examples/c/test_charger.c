/* A unit test of a firmware: the logic of examples/c/charger on its simulated board, with a central system that keeps
 * books, in virtual time. Hours pass in milliseconds, and the same program gives the same frames each time.
 *
 *     make kit
 *     cc -std=c11 -Iinclude examples/c/test_charger.c $(ls examples/c/charger/[!m]*.c examples/c/charger/meter.c) \
 *         -o target/test_charger -Ltarget/testkit -levcp-test -Wl,-rpath,$PWD/target/testkit
 *     mkdir -p target/scenarios && target/test_charger target/scenarios
 *
 * usage: test_charger FOLDER [SCENARIO]    the folder, an empty one, is for what survives a power cut */
#include <evcp_test.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* It is a program of C++ as well. */
#ifdef __cplusplus
extern "C" {
#endif
#include "charger/simulated.h"
#ifdef __cplusplus
}
#endif

#define SECONDS(n) ((uint64_t)(n)*1000)
#define MINUTES(n) SECONDS((n)*60)

/* The firmware in front of its board, with a spy between them. */
struct scene {
    evcp_test_t *world;
    evcp_t *cp;
    struct firmware firmware;
    struct simulated board;
    struct board spied;
    char storage[512];
    double flowed; /* Wh, of all that was ever closed */
};

static struct scene scene;
static int failures;
static const char *playing;

#define CHECK(what) check(what, #what, __LINE__)

static void check(bool holds, const char *what, int line)
{
    if (holds)
        return;
    if (++failures > 20)
        return;
    fprintf(stderr, "test_charger.c:%d: %s: at %.3f s: %s\n", line, playing, (double)evcp_test_now(scene.world) / 1000.0,
            what);
}

/* ---- what must hold at each instant ---- */

static void look(void)
{
    for (uint32_t i = 1; i <= CONNECTORS; i++) {
        const struct outlet *outlet = &scene.board.outlets[i - 1];
        evcp_supply_t supply = EVCP_SUPPLY_INIT;
        CHECK(evcp_get_supply(scene.cp, i, &supply) == EVCP_OK);
        if (outlet->coils == 0)
            continue;
        CHECK(supply.permit);
        CHECK(supply.phases != 1 || outlet->coils == 1);
        CHECK(!supply.lock || outlet->locked);
        CHECK(outlet->vehicle && outlet->asks && !outlet->residual_current);
        CHECK(pilot_amps(outlet->permille) <= supply.amps + 1e-9);
    }
}

/* The lock does not move while anything can flow. */
static void spy_on_motor(void *ud, uint32_t connector, enum motor motor)
{
    const struct outlet *outlet = &scene.board.outlets[connector - 1];
    CHECK(motor != MOTOR_OPEN || outlet->poles == 0);
    scene.board.board.set_motor(ud, connector, motor);
}

static void tick(void *ud)
{
    ms_t now = evcp_test_now(scene.world);
    (void)ud;
    simulated_step(&scene.board, now);
    firmware_step(&scene.firmware, now);
    look();
}

/* ---- power ---- */

static void power_on(void)
{
    evcp_callbacks_t callbacks = firmware_callbacks();
    evcp_config_t *cfg = evcp_config_new();
    firmware_begins(&scene.firmware, &scene.spied, evcp_test_now(scene.world));
    CHECK(evcp_config_set_url(cfg, "ws://central.test/ocpp") == EVCP_OK);
    CHECK(evcp_config_set_identity(cfg, "CHARGER") == EVCP_OK);
    CHECK(evcp_config_set_storage(cfg, scene.storage) == EVCP_OK);
    CHECK(firmware_configures(cfg) == EVCP_OK);
    CHECK(evcp_new(cfg, &callbacks, &scene.firmware, &scene.cp) == EVCP_OK);
    evcp_config_free(cfg);
    firmware_has(&scene.firmware, scene.cp);
    CHECK(evcp_start(scene.cp) == EVCP_OK);
    CHECK(evcp_test_every(scene.world, 20, tick, NULL) == EVCP_OK);
    evcp_test_advance(scene.world, SECONDS(2));
}

/* Nothing holds a contactor without power, and the vehicle sees no pilot. Locks and registers stay as they are. */
static void power_cut(void)
{
    CHECK(evcp_test_every(scene.world, 0, NULL, NULL) == EVCP_OK);
    CHECK(evcp_test_power_cut(scene.world) == EVCP_OK);
    evcp_free(scene.cp);
    for (uint32_t i = 0; i < CONNECTORS; i++) {
        struct outlet *outlet = &scene.board.outlets[i];
        outlet->coils = outlet->poles = 0;
        outlet->permille = PILOT_OFF;
        outlet->motor = MOTOR_OFF;
        outlet->asks = false;
        outlet->moves = outlet->reacts = outlet->arrives = outlet->reads = NEVER;
    }
}

/* ---- what people do, and what is seen ---- */

static struct outlet *outlet(uint32_t connector)
{
    return &scene.board.outlets[connector - 1];
}

static void wait(uint64_t ms)
{
    evcp_test_advance(scene.world, ms);
}

static void plug(uint32_t connector)
{
    simulated_plug(&scene.board, connector, true);
    wait(SECONDS(2));
}

static void unplug(uint32_t connector)
{
    simulated_plug(&scene.board, connector, false);
    wait(SECONDS(2));
}

static void card(uint32_t connector, const char *tag)
{
    CHECK(firmware_card(&scene.firmware, connector, tag, evcp_test_now(scene.world)) == EVCP_OK);
    wait(SECONDS(2));
}

static bool flows(uint32_t connector)
{
    return outlet(connector)->poles != 0;
}

static bool is(uint32_t connector, uint32_t status)
{
    uint32_t now = 0;
    return evcp_get_status(scene.cp, connector, &now) == EVCP_OK && now == status;
}

static void charge(uint32_t connector, const char *tag)
{
    plug(connector);
    card(connector, tag);
    CHECK(flows(connector));
    CHECK(is(connector, EVCP_STATUS_CHARGING));
}

/* Whether there is a text in a payload. */
static bool says(const char *payload, const char *pointer, const char *text)
{
    const char *said = payload == NULL ? NULL : evcp_test_value(scene.world, payload, pointer);
    return said != NULL && strcmp(said, text) == 0;
}

/* The central system calls, and gets this answer at once. */
static bool answers(const char *action, const char *payload, const char *status)
{
    const char *answer = NULL;
    CHECK(evcp_test_call(scene.world, action, payload, &answer) == EVCP_OK);
    return says(answer, "/status", status);
}

static evcp_test_tx_t booked(size_t number)
{
    evcp_test_tx_t tx = EVCP_TEST_TX_INIT;
    CHECK(evcp_test_tx(scene.world, number, &tx) == EVCP_OK);
    return tx;
}

/* Whether a transaction is over in the books, for this reason, and billed up to what the meter shows. */
static bool billed(size_t number, const char *reason)
{
    evcp_test_tx_t tx = booked(number);
    if (!tx.stopped || strcmp(tx.reason, reason) != 0)
        return false;
    double off = tx.meter_stop_wh - outlet(tx.connector)->wh;
    return off <= 1.0 && off >= -1.0;
}

static size_t books(void)
{
    return evcp_test_tx_count(scene.world);
}

/* ---- scenarios ---- */

static void a_card_and_then_a_plug_begin_a_session(void)
{
    card(1, "ONE");
    CHECK(is(1, EVCP_STATUS_PREPARING));
    CHECK(books() == 0);
    plug(1);
    CHECK(flows(1) && outlet(1)->locked);
    wait(MINUTES(5));
    CHECK(outlet(1)->wh > 900.0);
    card(1, "ONE");
    CHECK(!flows(1) && !outlet(1)->locked);
    CHECK(books() == 1 && billed(0, "Local"));
    unplug(1);
    CHECK(is(1, EVCP_STATUS_AVAILABLE));
}

static void a_plug_and_then_a_card_begin_a_session(void)
{
    plug(1);
    CHECK(is(1, EVCP_STATUS_PREPARING) && !flows(1));
    card(1, "ONE");
    CHECK(flows(1));
    unplug(1); /* at the vehicle: the cable is free when the lock is */
    CHECK(!outlet(1)->cable);
    CHECK(books() == 1 && billed(0, "EVDisconnected"));
}

static void a_fault_in_the_start_begins_nothing(void)
{
    outlet(1)->takes = 1500; /* the first reading is waited for */
    plug(1);
    CHECK(firmware_card(&scene.firmware, 1, "ONE", evcp_test_now(scene.world)) == EVCP_OK);
    wait(500);
    CHECK(books() == 0);
    CHECK(simulated_breaks(&scene.board, 1, "rcd", true));
    wait(MINUTES(1));
    CHECK(is(1, EVCP_STATUS_FAULTED) && books() == 0);
    CHECK(simulated_breaks(&scene.board, 1, "rcd", false));
    connector_repaired(&scene.firmware.connectors[0], evcp_test_now(scene.world));
    wait(MINUTES(1));
    CHECK(books() == 0 && !flows(1));
    card(1, "ONE");
    wait(SECONDS(3));
    CHECK(books() == 1 && flows(1));
}

static void an_emergency_stop_ends_all_sessions(void)
{
    charge(1, "ONE");
    charge(2, "TWO");
    /* The contactors need no library to open. */
    firmware_has(&scene.firmware, NULL);
    scene.board.emergency_stop = true;
    firmware_step(&scene.firmware, evcp_test_now(scene.world));
    CHECK(outlet(1)->coils == 0 && outlet(2)->coils == 0);
    scene.board.emergency_stop = false;
    firmware_step(&scene.firmware, evcp_test_now(scene.world));
    firmware_has(&scene.firmware, scene.cp);
    wait(SECONDS(2));
    CHECK(flows(1) && flows(2));

    scene.board.emergency_stop = true;
    wait(20);
    CHECK(outlet(1)->coils == 0 && outlet(2)->coils == 0 && outlet(1)->permille == PILOT_BROKEN);
    wait(SECONDS(2));
    CHECK(billed(0, "EmergencyStop") && billed(1, "EmergencyStop"));
    CHECK(is(0, EVCP_STATUS_FAULTED));
    card(1, "ONE");
    scene.board.emergency_stop = false;
    wait(MINUTES(1));
    CHECK(books() == 2 && !flows(1) && !flows(2));
    CHECK(is(0, EVCP_STATUS_AVAILABLE));
}

static void a_power_cut_ends_a_session_with_what_the_meter_shows(void)
{
    charge(1, "ONE");
    wait(MINUTES(2));
    power_cut();
    CHECK(!booked(0).stopped);
    power_on();
    wait(SECONDS(10));
    CHECK(books() == 1 && billed(0, "PowerLoss"));
    CHECK(!flows(1));
}

static void what_is_charged_offline_is_booked_later(void)
{
    charge(1, "ONE"); /* so that it is known here */
    card(1, "ONE");
    unplug(1);
    CHECK(evcp_test_link(scene.world, EVCP_TEST_LINK_DOWN) == EVCP_OK);
    charge(1, "ONE");
    wait(MINUTES(5));
    card(1, "ONE");
    CHECK(!flows(1) && books() == 1);
    CHECK(evcp_test_link(scene.world, EVCP_TEST_LINK_UP) == EVCP_OK);
    wait(MINUTES(3));
    CHECK(books() == 2 && billed(1, "Local"));
    CHECK(booked(1).stopped_ms - booked(1).started_ms >= (int64_t)MINUTES(5));
}

static void limit(int amps)
{
    char payload[512];
    snprintf(payload, sizeof payload,
             "{\"connectorId\":1,\"csChargingProfiles\":{\"chargingProfileId\":1,\"stackLevel\":0,"
             "\"chargingProfilePurpose\":\"TxProfile\",\"chargingProfileKind\":\"Relative\",\"chargingSchedule\":"
             "{\"chargingRateUnit\":\"A\",\"chargingSchedulePeriod\":[{\"startPeriod\":0,\"limit\":%d}]}}}",
             amps);
    CHECK(answers("SetChargingProfile", payload, "Accepted"));
    wait(SECONDS(2));
}

static void a_limit_of_nothing_is_a_pause(void)
{
    charge(1, "ONE");
    limit(0);
    CHECK(!flows(1) && outlet(1)->permille == PILOT_OFF && outlet(1)->locked);
    CHECK(is(1, EVCP_STATUS_SUSPENDED_EVSE));
    limit(10);
    CHECK(flows(1) && outlet(1)->permille == 166);
    CHECK(is(1, EVCP_STATUS_CHARGING));
    limit(4); /* which no pilot can say */
    CHECK(!flows(1) && outlet(1)->permille == PILOT_OFF);
    wait(MINUTES(1));
    CHECK(is(1, EVCP_STATUS_SUSPENDED_EVSE));
    limit(6);
    wait(SECONDS(2));
    CHECK(flows(1) && outlet(1)->permille == 100);
    limit(4);
    card(1, "ONE");
    CHECK(billed(0, "Local") && !outlet(1)->locked);
    unplug(1);
    charge(1, "ONE"); /* the limit was for that transaction */
    CHECK(books() == 2 && outlet(1)->permille == 533);
}

static void a_reset_ends_the_session_before_the_device_restarts(void)
{
    charge(1, "ONE");
    CHECK(answers("Reset", "{\"type\":\"Soft\"}", "Accepted"));
    wait(SECONDS(5));
    CHECK(scene.firmware.over);
    CHECK(!flows(1) && billed(0, "SoftReset"));
}

static void an_unlock_opens_the_contactor_and_then_the_lock(void)
{
    charge(1, "ONE");
    CHECK(evcp_test_call(scene.world, "UnlockConnector", "{\"connectorId\":1}", NULL) == EVCP_OK);
    CHECK(outlet(1)->locked && evcp_test_answer(scene.world) == NULL); /* the motor runs */
    wait(SECONDS(1));
    CHECK(says(evcp_test_answer(scene.world), "/status", "Unlocked"));
    CHECK(!outlet(1)->locked && !flows(1) && billed(0, "UnlockCommand"));
}

static void a_slow_meter_costs_nobody_anything(void)
{
    outlet(1)->takes = 1500;
    plug(1);
    card(1, "ONE");
    wait(SECONDS(5));
    CHECK(flows(1));
    wait(MINUTES(2));
    card(1, "ONE");
    wait(SECONDS(5));
    CHECK(billed(0, "Local"));
    /* Slower than the library waits: what it said before is the bill, a few seconds old. */
    outlet(1)->takes = 3000;
    card(1, "ONE");
    wait(SECONDS(15));
    CHECK(flows(1));
    wait(MINUTES(2));
    card(1, "ONE");
    wait(SECONDS(15));
    evcp_test_tx_t tx = booked(1);
    CHECK(tx.stopped && tx.meter_stop_wh < outlet(1)->wh + 1.0 && tx.meter_stop_wh > outlet(1)->wh - 30.0);
}

static void a_dead_meter_is_told_and_stops_nobody(void)
{
    CHECK(simulated_breaks(&scene.board, 1, "dead", true));
    plug(1);
    card(1, "ONE");
    wait(SECONDS(20));
    CHECK(flows(1) && books() == 1);
    bool told = false;
    for (const char *status; (status = evcp_test_sent_call(scene.world, "StatusNotification")) != NULL;)
        told = told || says(status, "/errorCode", "PowerMeterFailure");
    CHECK(told);
    card(1, "ONE");
    wait(SECONDS(20));
    CHECK(booked(0).stopped && booked(0).meter_stop_wh >= booked(0).meter_start_wh);
}

static void a_card_of_the_same_group_ends_the_session(void)
{
    CHECK(evcp_test_set_tag(scene.world, "ONE", "Accepted", "FAMILY") == EVCP_OK);
    CHECK(evcp_test_set_tag(scene.world, "TWO", "Accepted", "FAMILY") == EVCP_OK);
    CHECK(evcp_test_set_tag(scene.world, "SIX", "Accepted", NULL) == EVCP_OK);
    charge(1, "ONE");
    card(1, "SIX");
    CHECK(flows(1));
    card(1, "TWO");
    CHECK(!flows(1) && billed(0, "Local"));
    CHECK(booked(0).stop_tag != NULL && strcmp(booked(0).stop_tag, "TWO") == 0);
}

static void a_step_of_the_clock_changes_no_bill(void)
{
    charge(1, "ONE");
    wait(MINUTES(1));
    CHECK(evcp_test_set_clock(scene.world, evcp_test_clock(scene.world) + (int64_t)MINUTES(24 * 60)) == EVCP_OK);
    wait(MINUTES(1));
    CHECK(flows(1));
    card(1, "ONE");
    int64_t took = booked(0).stopped_ms - booked(0).started_ms;
    CHECK(billed(0, "Local"));
    CHECK(took >= (int64_t)MINUTES(2) && took <= (int64_t)MINUTES(3));
}

static void a_remote_start_without_a_plug_lapses(void)
{
    CHECK(answers("RemoteStartTransaction", "{\"connectorId\":1,\"idTag\":\"ONE\"}", "Accepted"));
    CHECK(is(1, EVCP_STATUS_PREPARING));
    wait(MINUTES(5));
    CHECK(is(1, EVCP_STATUS_AVAILABLE));
    plug(1);
    CHECK(books() == 0 && !flows(1));
    CHECK(answers("RemoteStartTransaction", "{\"connectorId\":1,\"idTag\":\"ONE\"}", "Accepted"));
    wait(SECONDS(2));
    CHECK(books() == 1 && flows(1));
}

static void an_update_waits_for_the_last_session(void)
{
    charge(1, "ONE");
    firmware_updates(&scene.firmware);
    wait(MINUTES(1));
    CHECK(flows(1) && !scene.firmware.over);
    plug(2);
    card(2, "TWO");
    CHECK(!flows(2) && books() == 1);
    card(1, "ONE");
    CHECK(billed(0, "Local") && scene.firmware.over);
}

/* IEC 61851-1, Annex A, from both sides. */
static void the_pilot_signals_no_more_than_is_permitted(void)
{
    static const struct {
        double amps;
        uint32_t permille;
    } TABLE[] = { { 0, 1000 }, { 5.9, 1000 }, { 6, 100 }, { 16, 266 }, { 32, 533 }, { 51, 850 }, { 63, 892 },
                  { 80, 960 }, { 100, 960 } };
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++)
        CHECK(pilot_duty(TABLE[i].amps) == TABLE[i].permille);
    for (uint32_t tenths = 0; tenths <= 1000; tenths++) {
        double amps = tenths / 10.0, signalled = pilot_amps(pilot_duty(amps));
        CHECK(signalled <= amps + 1e-9);
        CHECK(amps < 6.0 || amps > 80.0 || signalled > amps - 1.75);
    }
}

static const struct {
    const char *name;
    void (*play)(void);
} SCENARIOS[] = {
#define SCENARIO(name) { #name, name }
    SCENARIO(a_card_and_then_a_plug_begin_a_session),
    SCENARIO(a_plug_and_then_a_card_begin_a_session),
    SCENARIO(a_fault_in_the_start_begins_nothing),
    SCENARIO(an_emergency_stop_ends_all_sessions),
    SCENARIO(a_power_cut_ends_a_session_with_what_the_meter_shows),
    SCENARIO(what_is_charged_offline_is_booked_later),
    SCENARIO(a_limit_of_nothing_is_a_pause),
    SCENARIO(a_reset_ends_the_session_before_the_device_restarts),
    SCENARIO(an_unlock_opens_the_contactor_and_then_the_lock),
    SCENARIO(a_slow_meter_costs_nobody_anything),
    SCENARIO(a_dead_meter_is_told_and_stops_nobody),
    SCENARIO(a_card_of_the_same_group_ends_the_session),
    SCENARIO(a_step_of_the_clock_changes_no_bill),
    SCENARIO(a_remote_start_without_a_plug_lapses),
    SCENARIO(an_update_waits_for_the_last_session),
    SCENARIO(the_pilot_signals_no_more_than_is_permitted),
};

int main(int argc, char **argv)
{
    size_t played = 0;
    for (size_t i = 0; i < sizeof SCENARIOS / sizeof SCENARIOS[0]; i++) {
        playing = SCENARIOS[i].name;
        if (argc < 2 || (argc > 2 && strcmp(argv[2], playing) != 0))
            continue;
        memset(&scene, 0, sizeof scene);
        snprintf(scene.storage, sizeof scene.storage, "%s/%s", argv[1], playing);
        scene.world = evcp_test_new();
        simulated_begins(&scene.board, &scene.firmware, evcp_test_now(scene.world));
        scene.spied = scene.board.board;
        scene.spied.set_motor = spy_on_motor;
        power_on();
        SCENARIOS[i].play();
        evcp_free(scene.cp);
        evcp_test_free(scene.world);
        played++;
    }
    fprintf(stderr, "%u scenarios, %d failures\n", (unsigned)played, failures);
    return failures == 0 && played > 0 ? 0 : 1;
}
