/* Every function of the C API from many threads at once. usage: threads URL FOLDER ROUNDS
 *
 * What the callbacks count lies in plain memory on purpose: a tool that looks for data races sees
 * whether calls on different threads really come one after the other. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define CONNECTORS 2
#define QUESTIONS 64

static const char *url, *folder;
static int rounds;

/* Done, or too much is waiting. */
#define TOLD(call)                                                                             \
    do {                                                                                       \
        evcp_err_t told = (call);                                                              \
        CHECK(told == EVCP_OK || told == EVCP_E_FULL);                                         \
    } while (0)

/* How often a composite schedule came. */
static atomic_long schedules;

#define SCHEDULED(call)                                                                        \
    do {                                                                                       \
        evcp_err_t came = (call);                                                              \
        CHECK(came == EVCP_OK || came == EVCP_E_CLOSED);                                       \
        if (came == EVCP_OK)                                                                   \
            atomic_fetch_add(&schedules, 1);                                                   \
    } while (0)

struct host {
    evcp_t *cp;
    /* Written by callbacks alone. */
    int destroyed, questions, depth;
    long concluded;
    /* Questions that another thread answers. */
    _Atomic evcp_req_t open[QUESTIONS];
    atomic_long transfers;
    atomic_int over, starts, drivers;
    /* Links came and went, much was said on them, the firmware was asked, a session was booked. */
    atomic_bool talked, asked, booked;
};

/* ---- callbacks ---- */

static void enter(struct host *host)
{
    CHECK(++host->depth == 1);
}

static void leave(struct host *host)
{
    host->depth--;
}

static void keep(struct host *host, evcp_req_t req)
{
    enter(host);
    evcp_req_t before = atomic_exchange(&host->open[host->questions++ % QUESTIONS], req);
    if (before != 0) {
        evcp_err_t err = evcp_answer(host->cp, before, EVCP_REJECTED);
        /* EVCP_E_INVALID: it is a question about the meter. */
        CHECK(err == EVCP_OK || err == EVCP_E_EXPIRED || err == EVCP_E_CLOSED || err == EVCP_E_INVALID);
    }
    atomic_store(&host->asked, true);
    leave(host);
}

static void destroy(void *ud)
{
    struct host *host = ud;
    host->destroyed++;
}

static void on_supply(void *ud, uint32_t connector, const evcp_supply_t *supply)
{
    enter(ud);
    CHECK(connector >= 1 && connector <= CONNECTORS);
    CHECK(supply->permit || (supply->amps == 0 && supply->watts == 0));
    leave(ud);
}

static void on_unlock(void *ud, uint32_t connector, evcp_req_t req)
{
    (void)connector;
    keep(ud, req);
}

static void on_reset(void *ud, bool hard, evcp_req_t req)
{
    struct host *host = ud;
    (void)hard;
    enter(host);
    evcp_err_t err = evcp_answer(host->cp, req, EVCP_REJECTED);
    CHECK(err == EVCP_OK || err == EVCP_E_EXPIRED || err == EVCP_E_CLOSED);
    leave(host);
}

static void on_meter_read(void *ud, uint32_t connector, uint32_t context, evcp_req_t req)
{
    (void)connector;
    (void)context;
    keep(ud, req);
}

static void on_data_transfer(void *ud, const evcp_data_info_t *data, evcp_req_t req)
{
    CHECK(data->vendor != NULL && (data->len == 0 || data->data[data->len] == '\0'));
    keep(ud, req);
}

static void on_connection(void *ud, const evcp_connection_info_t *link)
{
    enter(ud);
    CHECK(link->detail != NULL);
    leave(ud);
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    struct host *host = ud;
    enter(host);
    if (tx->change == EVCP_TX_CONFIRMED)
        atomic_store(&host->booked, true);
    leave(host);
}

static void on_status(void *ud, const evcp_status_info_t *status)
{
    struct host *host = ud;
    uint32_t now, connector = status->connector;
    evcp_period_t periods[8];
    size_t count = 8;
    enter(ud);
    CHECK(status->error_code <= EVCP_ERROR_WEAK_SIGNAL);
    leave(ud);
    CHECK(evcp_get_status(host->cp, connector, &now) == EVCP_OK);
    SCHEDULED(evcp_get_schedule(host->cp, connector, 60, EVCP_AMPS, periods, sizeof periods[0], &count, NULL));
}

static void on_fatal(void *ud, evcp_err_t err, const char *detail)
{
    (void)ud;
    (void)err;
    fprintf(stderr, "fatal: %s\n", detail);
    atomic_fetch_add(&failures, 1);
}

static void on_concluded(void *ud, evcp_err_t err, uint32_t status, const char *data, size_t len)
{
    struct host *host = ud;
    (void)status;
    CHECK(err == EVCP_OK || err == EVCP_E_OFFLINE || err == EVCP_E_IO || err == EVCP_E_CLOSED);
    CHECK(len == 0 || data[len] == '\0');
    host->concluded++;
}

static evcp_t *make(struct host *host, const char *id, bool stored)
{
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.destroy = destroy;
    callbacks.on_supply = on_supply;
    callbacks.on_unlock = on_unlock;
    callbacks.on_reset = on_reset;
    callbacks.on_meter_read = on_meter_read;
    callbacks.on_data_transfer = on_data_transfer;
    callbacks.on_connection = on_connection;
    callbacks.on_status = on_status;
    callbacks.on_tx = on_tx;
    callbacks.on_fatal = on_fatal;
    evcp_config_t *cfg = evcp_config_new();
    CHECK(evcp_config_set_url(cfg, url) == EVCP_OK);
    CHECK(evcp_config_set_identity(cfg, id) == EVCP_OK);
    CHECK(evcp_config_set_device(cfg, "evcp", "threads", NULL, NULL) == EVCP_OK);
    CHECK(evcp_config_set_connectors(cfg, CONNECTORS) == EVCP_OK);
    CHECK(evcp_config_set_storage(cfg, stored ? folder : NULL) == EVCP_OK);
    evcp_key_decl_t colour = EVCP_KEY_DECL_INIT;
    colour.name = "Colour";
    colour.value = "red";
    CHECK(evcp_config_declare(cfg, &colour) == EVCP_OK);
    CHECK(evcp_config_set(cfg, "meter.timeout_s", "0.2") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "reconnect.min_s", "0.02") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "reconnect.max_s", "0.1") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "AllowOfflineTxForUnknownId", "true") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "boot.charge_before_accepted", "true") == EVCP_OK);
    CHECK(evcp_new(cfg, &callbacks, host, &host->cp) == EVCP_OK);
    evcp_config_free(cfg);
    return host->cp;
}

/* ---- threads ---- */

/* Two of them at once: now and then the turn changes hands. */
static void *dispatches(void *ud)
{
    struct host *host = ud;
    for (int i = 0;; i++) {
        int result = evcp_dispatch(host->cp, i % 3 == 0 ? -1 : 1);
        if (result == EVCP_E_CLOSED)
            return NULL;
        CHECK(result >= 0 || result == EVCP_E_STATE);
        sched_yield();
    }
}

static void *starts(void *ud)
{
    struct host *host = ud;
    evcp_err_t err = evcp_start(host->cp);
    CHECK(err == EVCP_OK || err == EVCP_E_STATE);
    atomic_fetch_add(&host->starts, err == EVCP_OK);
    return NULL;
}

static void *stops(void *ud)
{
    struct host *host = ud;
    CHECK(evcp_stop(host->cp, 10000) == EVCP_OK);
    /* Stopped for everybody, whoever was first. */
    CHECK(evcp_set_ev(host->cp, 1, EVCP_EV_ABSENT) == EVCP_E_CLOSED);
    return NULL;
}

static bool saw_everything(const struct host *host)
{
    return atomic_load(&host->talked) && atomic_load(&host->asked) && atomic_load(&host->booked);
}

static void *tells(void *ud)
{
    struct host *host = ud;
    evcp_t *cp = host->cp;
    for (int i = 0; i < rounds || !saw_everything(host); i++) {
        /* i is odd for the one and even for the other: what toggles does so by a multiple of both. */
        uint32_t at = (uint32_t)(i % CONNECTORS) + 1;
        uint32_t both[] = { 1, 2 };
        evcp_sample_t sample = { .value = i, .measurand = EVCP_M_ENERGY_IMPORT };
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        TOLD(evcp_set_ev(cp, at, i % 7 < 5 ? EVCP_EV_CHARGING : EVCP_EV_ABSENT));
        TOLD(evcp_push_meter(cp, at, &sample, 1));
        TOLD(evcp_push_signed_meter(cp, at, "OCMF|{}|{}", 10));
        TOLD(evcp_set_clock(cp, now.tv_sec * 1000LL + now.tv_nsec / 1000000));
        /* Each is another driver's: two sessions of the same millisecond do not look alike. */
        char tag[21];
        snprintf(tag, sizeof tag, "CAFE%d", atomic_fetch_add(&host->drivers, 1));
        if (i % 5 == 0)
            TOLD(evcp_present_tag(cp, at, tag));
        else if (i % 11 == 0)
            TOLD(evcp_present_tag_at(cp, both, 2, tag));
        if (i % 13 == 0)
            TOLD(evcp_stop_tx(cp, at, EVCP_REASON_LOCAL));
        if (i % 17 == 0)
            TOLD(evcp_set_fault(cp, at, i / 34 % 4 == 3 ? EVCP_ERROR_GROUND_FAILURE : EVCP_ERROR_NO_ERROR, NULL, NULL));
        if (i % 19 == 0)
            TOLD(evcp_set_warning(cp, at, i / 38 % 2 ? EVCP_ERROR_WEAK_SIGNAL : EVCP_ERROR_NO_ERROR, "why", "7"));
        if (i % 23 == 0)
            TOLD(evcp_set_operative(cp, at, i / 46 % 4 != 3));
        if (i % 29 == 0)
            TOLD(evcp_set_key(cp, "Colour", i % 2 ? "green" : "blue"));
        if (i % 311 == 0)
            TOLD(evcp_set_network(cp, i / 311 % 4 != 3));
        sched_yield();
    }
    TOLD(evcp_set_network(cp, true));
    return NULL;
}

static void *asks(void *ud)
{
    struct host *host = ud;
    const evcp_t *cp = host->cp;
    while (!atomic_load(&host->over)) {
        for (uint32_t at = 1; at <= CONNECTORS; at++) {
            evcp_supply_t supply = EVCP_SUPPLY_INIT;
            evcp_tx_t tx;
            uint32_t status = 99;
            evcp_period_t periods[8];
            size_t count = 8;
            CHECK(evcp_get_supply(cp, at, &supply) == EVCP_OK);
            CHECK(supply.permit ? supply.amps <= 32 : supply.amps == 0 && supply.watts == 0);
            CHECK(evcp_get_tx(cp, at, &tx) == EVCP_OK);
            CHECK(evcp_get_status(cp, at, &status) == EVCP_OK && status <= EVCP_STATUS_FAULTED);
            SCHEDULED(evcp_get_schedule(cp, at, 60, EVCP_WATTS, periods, sizeof periods[0], &count, NULL));
        }
        char value[8];
        size_t len = sizeof value;
        evcp_stats_t stats = EVCP_STATS_INIT;
        CHECK(evcp_get_key(cp, "Colour", value, &len) == EVCP_OK);
        CHECK(!strcmp(value, "red") || !strcmp(value, "green") || !strcmp(value, "blue") ||
              !strcmp(value, "white"));
        CHECK(evcp_get_stats(cp, &stats) == EVCP_OK && stats.panics == 0);
        if (stats.connects > 2 && stats.calls_sent > 100 && stats.calls_received > 2)
            atomic_store(&host->talked, true);
        CHECK(evcp_fd(cp) >= 0);
        evcp_wakeup(host->cp);
        sched_yield();
    }
    return NULL;
}

static void *answers(void *ud)
{
    struct host *host = ud;
    while (!atomic_load(&host->over)) {
        for (int i = 0; i < QUESTIONS; i++) {
            evcp_req_t req = atomic_exchange(&host->open[i], 0);
            if (req == 0)
                continue;
            evcp_sample_t sample = { .value = i, .measurand = EVCP_M_ENERGY_IMPORT };
            evcp_err_t err = EVCP_E_INVALID;
            /* An answer of another kind than was asked for leaves the question open. */
            for (int kind = i; err == EVCP_E_INVALID && kind < i + 3; kind++)
                err = kind % 3 == 0   ? evcp_answer(host->cp, req, EVCP_ACCEPTED)
                      : kind % 3 == 1 ? evcp_answer_meter(host->cp, req, &sample, 1)
                                      : evcp_answer_data(host->cp, req, EVCP_ACCEPTED, "d", 1);
            CHECK(err == EVCP_OK || err == EVCP_E_EXPIRED);
            CHECK(evcp_answer(host->cp, req, EVCP_FAILED) == EVCP_E_EXPIRED);
        }
        evcp_err_t err =
            evcp_data_transfer(host->cp, "vendor", NULL, "data", 4, on_concluded, host);
        CHECK(err == EVCP_OK || err == EVCP_E_FULL);
        atomic_fetch_add(&host->transfers, err == EVCP_OK);
        sched_yield();
    }
    return NULL;
}

static void *errs(void *ud)
{
    struct host *host = ud;
    while (!atomic_load(&host->over)) {
        /* The text is this thread's own, whatever fails on the others. */
        CHECK(evcp_set_ev(host->cp, 77, 0) == EVCP_E_INVALID);
        CHECK(strstr(evcp_last_error(), "77") != NULL);
        CHECK(strlen(evcp_strerror(EVCP_E_INVALID)) > 0);
        CHECK(evcp_version_number() > 0 && evcp_version()[0] == '0');
        sched_yield();
    }
    return NULL;
}

static pthread_t begin(void *(*body)(void *), void *ud)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, ud) != 0)
        abort();
    return thread;
}

/* ---- scenes ---- */

static void every_function_may_be_called_from_any_thread(void)
{
    struct host host = { 0 };
    make(&host, "THREADS", true);
    pthread_t starting[] = { begin(starts, &host), begin(starts, &host) };
    for (int i = 0; i < 2; i++)
        pthread_join(starting[i], NULL);
    CHECK(host.starts == 1);
    pthread_t dispatching[] = { begin(dispatches, &host), begin(dispatches, &host) };
    pthread_t telling[] = { begin(tells, &host), begin(tells, &host) };
    pthread_t asking[] = { begin(asks, &host), begin(answers, &host), begin(errs, &host) };
    for (int i = 0; i < 2; i++)
        pthread_join(telling[i], NULL);
    TOLD(evcp_power_fails(host.cp));
    atomic_store(&host.over, 1);
    for (int i = 0; i < 3; i++)
        pthread_join(asking[i], NULL);
    pthread_t stopping[] = { begin(stops, &host), begin(stops, &host) };
    for (int i = 0; i < 2; i++)
        pthread_join(stopping[i], NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(dispatching[i], NULL);
    CHECK(host.destroyed == 0);
    evcp_free(host.cp);
    CHECK(host.destroyed == 1 && host.depth == 0);
    CHECK(host.concluded == host.transfers && host.transfers > 0);
}

static atomic_int lives;

static void *lives_and_dies(void *ud)
{
    (void)ud;
    for (int i = 0; i < 15; i++) {
        struct host host = { 0 };
        char id[16];
        snprintf(id, sizeof id, "LIFE%d", atomic_fetch_add(&lives, 1));
        evcp_t *cp = make(&host, id, false);
        if (i % 4 != 0)
            CHECK(evcp_start(cp) == EVCP_OK);
        CHECK(evcp_dispatch(cp, i % 3) >= 0);
        if (i % 2 == 0)
            CHECK(evcp_stop(cp, 10000) == EVCP_OK);
        evcp_free(cp);
        CHECK(host.destroyed == 1);
    }
    return NULL;
}

/* All share the library's thread, which comes with the first and goes with the last. */
static void charge_points_of_different_threads_come_and_go_at_once(void)
{
    pthread_t living[4];
    for (int i = 0; i < 4; i++)
        living[i] = begin(lives_and_dies, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(living[i], NULL);
}

static void *floods(void *ud)
{
    for (uint32_t i = 0;; i++) {
        evcp_err_t err = evcp_set_fault(ud, 1, i % 2 ? EVCP_ERROR_GROUND_FAILURE : EVCP_ERROR_NO_ERROR, NULL, NULL);
        if (err == EVCP_E_CLOSED)
            return NULL;
        CHECK(err == EVCP_OK);
    }
}

static void a_charge_point_connects_and_stops_however_much_it_is_told(void)
{
    for (int i = 0; i < 10; i++) {
        struct host host = { 0 };
        char id[16];
        snprintf(id, sizeof id, "FLOOD%d", i);
        evcp_t *cp = make(&host, id, false);
        CHECK(evcp_start(cp) == EVCP_OK);
        pthread_t flooding[] = { begin(floods, cp), begin(floods, cp) };
        evcp_stats_t stats = EVCP_STATS_INIT;
        while (stats.connects == 0) {
            CHECK(evcp_get_stats(cp, &stats) == EVCP_OK);
            sched_yield();
        }
        pthread_t stopping[] = { begin(stops, &host), begin(stops, &host) };
        for (int j = 0; j < 2; j++)
            pthread_join(stopping[j], NULL);
        for (int j = 0; j < 2; j++)
            pthread_join(flooding[j], NULL);
        evcp_free(cp);
        CHECK(host.destroyed == 1);
    }
}

static void *dispatches_once(void *ud)
{
    int result;
    while ((result = evcp_dispatch(ud, -1)) == EVCP_E_STATE)
        sched_yield(); /* the one who looks whether we are in there was faster */
    return (void *)(intptr_t)result;
}

static void free_waits_for_a_dispatch_on_another_thread(void)
{
    for (int i = 0; i < 50; i++) {
        struct host host = { 0 };
        void *result = NULL;
        evcp_t *cp = make(&host, "FREE", false); /* not started: there is nothing to tell */
        pthread_t thread = begin(dispatches_once, cp);
        while (evcp_dispatch(cp, 0) != EVCP_E_STATE)
            sched_yield();
        evcp_free(cp);
        CHECK(host.destroyed == 1);
        pthread_join(thread, &result);
        CHECK((intptr_t)result == EVCP_E_CLOSED);
    }
}

struct log {
    uint32_t most;
    atomic_int lines;
    atomic_bool gone;
};

static void on_line(void *ud, const evcp_log_line_t *line)
{
    struct log *log = ud;
    CHECK(!atomic_load(&log->gone));
    CHECK(line->level <= log->most);
    atomic_fetch_add(&log->lines, 1);
}

static atomic_int lines, loggers;

static void *logs(void *ud)
{
    const uint32_t *most = ud;
    for (int i = 0; i < 20 * rounds; i++) {
        struct log *log = calloc(1, sizeof *log);
        log->most = *most;
        CHECK(evcp_set_log(log->most, on_line, log) == EVCP_OK);
        sched_yield();
        CHECK(evcp_set_log(0, NULL, NULL) == EVCP_OK);
        /* Whoever is called now, it is not this one. */
        atomic_store(&log->gone, true);
        atomic_fetch_add(&lines, atomic_load(&log->lines));
        free(log);
    }
    atomic_fetch_sub(&loggers, 1);
    return NULL;
}

/* What a key cannot be is logged as a warning. */
static void give_cause_for_a_line(evcp_t *cp)
{
    CHECK(evcp_set_key(cp, "HeartbeatInterval", "never") == EVCP_E_INVALID);
    sched_yield();
}

static void a_log_function_gets_its_own_levels_and_nothing_after_its_end(void)
{
    struct host host = { 0 };
    uint32_t levels[] = { EVCP_LOG_ERROR, EVCP_LOG_TRACE };
    evcp_t *cp = make(&host, "LOG", false);
    CHECK(evcp_start(cp) == EVCP_OK);
    pthread_t dispatching = begin(dispatches, &host);
    atomic_store(&loggers, 2);
    pthread_t logging[] = { begin(logs, &levels[0]), begin(logs, &levels[1]) };
    while (atomic_load(&loggers) > 0)
        give_cause_for_a_line(cp);
    for (int i = 0; i < 2; i++)
        pthread_join(logging[i], NULL);
    CHECK(lines > 0);
    /* Whatever came before, one that is alone gets all of its lines. */
    struct log log = { .most = EVCP_LOG_WARN };
    CHECK(evcp_set_log(EVCP_LOG_WARN, on_line, &log) == EVCP_OK);
    while (atomic_load(&log.lines) == 0)
        give_cause_for_a_line(cp);
    CHECK(evcp_set_log(0, NULL, NULL) == EVCP_OK);
    CHECK(evcp_stop(cp, 10000) == EVCP_OK);
    pthread_join(dispatching, NULL);
    evcp_free(cp);
    CHECK(host.destroyed == 1);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    url = argv[1];
    folder = argv[2];
    rounds = atoi(argv[3]);
    every_function_may_be_called_from_any_thread();
    charge_points_of_different_threads_come_and_go_at_once();
    a_charge_point_connects_and_stops_however_much_it_is_told();
    free_waits_for_a_dispatch_on_another_thread();
    a_log_function_gets_its_own_levels_and_nothing_after_its_end();
    CHECK(atomic_load(&schedules) > 0);
    printf("%d failures\n", atomic_load(&failures));
    return atomic_load(&failures) > 0;
}
