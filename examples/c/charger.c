/* A small but honest firmware: two connectors, contactors, a lock motor that takes its time, meters
 * that integrate, and a reader for tags on stdin. One thread, one epoll loop; nothing polls.
 *
 * usage: charger [--url URL] [--id NAME] [--state-dir DIR] [--profile N] [--key TEXT] [--ca FILE]
 *
 * stdin: plug N, unplug N, tag N ID, fault N CODE, clear N, status, quit */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <evcp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CONNECTORS 2
#define POWER_W 11000.0
#define MOTOR_MS 400

/* The hardware behind one connector. */
struct outlet {
    bool plugged;       /* a vehicle, which wants energy */
    bool closed;        /* the contactor */
    double wh;          /* the register */
    double since;       /* when it was last brought up to date */
    evcp_req_t unlock;  /* the lock motor runs, for this question */
    int motor;          /* timerfd: the motor arrives */
};

struct charger {
    evcp_t *cp;
    struct outlet outlets[CONNECTORS];
    bool quit, reboot;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void say(const char *what, uint32_t connector, const char *detail)
{
    printf("%-12s %s%s%.0u%s\n", what, detail, connector ? "  (connector " : "", connector,
           connector ? ")" : "");
    fflush(stdout);
}

/* Brings the register up to now. To be called before the contactor moves. */
static void integrate(struct outlet *outlet)
{
    double now = seconds();
    if (outlet->closed)
        outlet->wh += POWER_W * (now - outlet->since) / 3600.0;
    outlet->since = now;
}

/* Tells the library what the control pilot says. */
static void tell_ev(struct charger *self, uint32_t connector)
{
    struct outlet *outlet = &self->outlets[connector - 1];
    evcp_ev_t ev = EVCP_EV_ABSENT;
    if (outlet->plugged)
        ev = outlet->closed ? EVCP_EV_CHARGING : EVCP_EV_PLUGGED;
    evcp_set_ev(self->cp, connector, ev);
}

/* ---- what the library wants ---- */

static void on_supply(void *ud, uint32_t connector, const evcp_supply_t *supply)
{
    struct charger *self = ud;
    struct outlet *outlet = &self->outlets[connector - 1];
    bool close = supply->permit && outlet->plugged;
    if (close == outlet->closed)
        return;
    integrate(outlet);
    outlet->closed = close;
    say("contactor", connector, close ? "closed, energy flows" : "open");
    tell_ev(self, connector);
}

static void on_unlock(void *ud, uint32_t connector, evcp_req_t req)
{
    struct charger *self = ud;
    struct outlet *outlet = &self->outlets[connector - 1];
    if (outlet->unlock != 0)
        evcp_answer(self->cp, req, EVCP_FAILED); /* it is running already */
    else {
        struct itimerspec arrives = { .it_value = { .tv_nsec = MOTOR_MS * 1000000L } };
        outlet->unlock = req;
        timerfd_settime(outlet->motor, 0, &arrives, NULL);
        say("lock", connector, "motor runs");
    }
}

static void motor_arrived(struct charger *self, uint32_t connector)
{
    struct outlet *outlet = &self->outlets[connector - 1];
    uint64_t times;
    if (read(outlet->motor, &times, sizeof times) < 0 || outlet->unlock == 0)
        return;
    evcp_err_t err = evcp_answer(self->cp, outlet->unlock, EVCP_ACCEPTED);
    outlet->unlock = 0;
    say("lock", connector, err == EVCP_OK ? "open" : "open, but too late");
}

static void on_meter_read(void *ud, uint32_t connector, uint32_t context, evcp_req_t req)
{
    struct charger *self = ud;
    struct outlet *outlet = &self->outlets[connector - 1];
    (void)context;
    integrate(outlet);
    double power = outlet->closed ? POWER_W : 0.0;
    evcp_sample_t samples[] = {
        { .value = outlet->wh, .measurand = EVCP_M_ENERGY_IMPORT },
        { .value = power, .measurand = EVCP_M_POWER_IMPORT },
    };
    evcp_answer_meter(self->cp, req, samples, sizeof samples / sizeof samples[0]);
}

static void on_reset(void *ud, bool hard, evcp_req_t req)
{
    struct charger *self = ud;
    say("reset", 0, hard ? "hard" : "soft");
    evcp_answer(self->cp, req, EVCP_ACCEPTED);
}

static void on_reboot(void *ud, bool hard)
{
    struct charger *self = ud;
    (void)hard;
    say("reboot", 0, "a device would restart now");
    self->reboot = self->quit = true;
}

static void on_connection(void *ud, const evcp_connection_info_t *link)
{
    (void)ud;
    if (link->state == EVCP_CONNECTED)
        say("link", 0, "connected");
    else
        printf("%-12s %s: %s\n", "link", link->state == EVCP_DISCONNECTED ? "lost" : "failed",
               link->detail);
    fflush(stdout);
}

static void on_boot(void *ud, const evcp_boot_info_t *boot)
{
    static const char *const words[] = { "accepted", "pending", "rejected" };
    (void)ud;
    say("boot", 0, boot->status < 3 ? words[boot->status] : "?");
}

static void on_auth(void *ud, const evcp_auth_info_t *auth)
{
    char text[128];
    (void)ud;
    if (auth->why == EVCP_WHY_NONE)
        snprintf(text, sizeof text, "%s to %s: %s", auth->tag, evcp_for_name(auth->purpose),
                 evcp_auth_name(auth->status));
    else
        snprintf(text, sizeof text, "%s cannot %s: %s", auth->tag, evcp_for_name(auth->purpose),
                 evcp_why_name(auth->why));
    say("tag", auth->reader, text);
}

static void on_timeout(void *ud, const evcp_timeout_info_t *timeout)
{
    (void)ud;
    say("time over", timeout->connector, timeout->tag);
}

static void say_status(uint32_t connector, uint32_t status, uint32_t error_code)
{
    char text[64];
    if (connector == 0)
        return;
    snprintf(text, sizeof text, "%s%s%s", evcp_status_name(status),
             error_code == EVCP_ERROR_NO_ERROR ? "" : ": ",
             error_code == EVCP_ERROR_NO_ERROR ? "" : evcp_error_code_name(error_code));
    say("status", connector, text);
}

static void on_status(void *ud, const evcp_status_info_t *now)
{
    (void)ud;
    say_status(now->connector, now->status, now->error_code);
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    char text[96];
    (void)ud;
    switch (tx->change) {
    case EVCP_TX_STARTED:
        snprintf(text, sizeof text, "started by %s at %.0f Wh", tx->tag, tx->meter_start_wh);
        break;
    case EVCP_TX_CONFIRMED:
        snprintf(text, sizeof text, "has id %" PRId64, tx->ocpp_id);
        break;
    case EVCP_TX_STOPPED:
        snprintf(text, sizeof text, "stopped (%s) at %.0f Wh",
                 evcp_reason_name(tx->reason), tx->meter_stop_wh);
        break;
    default:
        snprintf(text, sizeof text, "step %" PRIu32, tx->change);
    }
    say("transaction", tx->connector, text);
}

static void on_storage(void *ud, const evcp_storage_info_t *storage)
{
    (void)ud;
    say("storage", 0, storage->state == EVCP_STORAGE_FAILS ? "FAILS" : "works");
    if (storage->detail[0])
        say("storage", 0, storage->detail);
}

static void on_fatal(void *ud, evcp_err_t err, const char *detail)
{
    struct charger *self = ud;
    fprintf(stderr, "%s: %s\n", evcp_strerror(err), detail);
    for (uint32_t i = 0; i < CONNECTORS; i++)
        self->outlets[i].closed = false; /* supply nothing */
    self->quit = true;
}

static void on_log(void *ud, const evcp_log_line_t *line)
{
    (void)ud;
    fprintf(stderr, "%s: %s\n", line->target, line->text);
}

/* ---- what people do ---- */

/* The error code with that name, or a number that is none. */
static uint32_t error_code_of(const char *name)
{
    uint32_t code = EVCP_ERROR_NO_ERROR;
    while (strcmp(evcp_error_code_name(code), "unknown") && strcmp(evcp_error_code_name(code), name))
        code++;
    return code;
}

static void command(struct charger *self, char *line)
{
    char verb[16] = "", text[64] = "";
    unsigned connector = 0;
    int words = sscanf(line, "%15s %u %63s", verb, &connector, text);
    if (words < 1)
        return;
    if (strcmp(verb, "quit") == 0) {
        self->quit = true;
        return;
    }
    if (strcmp(verb, "status") == 0) {
        for (uint32_t i = 1; i <= CONNECTORS; i++) {
            uint32_t status = 0;
            evcp_get_status(self->cp, i, &status);
            say_status(i, status, EVCP_ERROR_NO_ERROR);
        }
        return;
    }
    if (connector < 1 || connector > CONNECTORS) {
        say("?", 0, "plug N, unplug N, tag N ID, fault N CODE, clear N, status, quit");
        return;
    }
    struct outlet *outlet = &self->outlets[connector - 1];
    evcp_err_t err = EVCP_OK;
    if (strcmp(verb, "plug") == 0 || strcmp(verb, "unplug") == 0) {
        integrate(outlet);
        outlet->plugged = verb[0] == 'p';
        outlet->closed = outlet->closed && outlet->plugged;
        say("cable", connector, outlet->plugged ? "plugged in" : "pulled out");
        tell_ev(self, connector);
    } else if (strcmp(verb, "tag") == 0)
        err = evcp_present_tag(self->cp, connector, text);
    else if (strcmp(verb, "fault") == 0)
        err = evcp_set_fault(self->cp, connector, error_code_of(text), NULL, NULL);
    else if (strcmp(verb, "clear") == 0)
        err = evcp_set_fault(self->cp, connector, EVCP_ERROR_NO_ERROR, NULL, NULL);
    else
        say("?", 0, verb);
    if (err != EVCP_OK)
        say("error", connector, evcp_last_error());
}

/* Reads what is there; a line may come in pieces. */
static void read_stdin(struct charger *self)
{
    static char line[256];
    static size_t length;
    ssize_t got = read(STDIN_FILENO, line + length, sizeof line - 1 - length);
    if (got <= 0) {
        self->quit = got == 0 || errno != EINTR;
        return;
    }
    length += (size_t)got;
    line[length] = '\0';
    char *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        command(self, line);
        length -= (size_t)(end + 1 - line);
        memmove(line, end + 1, length + 1);
    }
    if (length == sizeof line - 1)
        length = 0; /* nobody types that */
}

/* ---- setting up ---- */

static evcp_err_t set_ca(evcp_config_t *cfg, const char *path)
{
    static uint8_t pem[65536];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return EVCP_E_IO;
    size_t length = fread(pem, 1, sizeof pem, file);
    fclose(file);
    return evcp_config_set_ca_pem(cfg, pem, length);
}

static evcp_err_t option(evcp_config_t *cfg, const char *name, const char *value)
{
    if (strcmp(name, "--url") == 0)
        return evcp_config_set_url(cfg, value);
    if (strcmp(name, "--id") == 0)
        return evcp_config_set_identity(cfg, value);
    if (strcmp(name, "--state-dir") == 0)
        return evcp_config_set_storage(cfg, value);
    if (strcmp(name, "--profile") == 0)
        return evcp_config_set_profile(cfg, (uint32_t)atoi(value));
    if (strcmp(name, "--key") == 0)
        return evcp_config_set_auth_key(cfg, (const uint8_t *)value, strlen(value));
    if (strcmp(name, "--ca") == 0)
        return set_ca(cfg, value);
    if (strncmp(name, "--", 2) == 0)
        return evcp_config_set(cfg, name + 2, value); /* any key: --HeartbeatInterval 60 */
    return EVCP_E_INVALID;
}

static evcp_err_t make(struct charger *self, int argc, char **argv)
{
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_supply = on_supply;
    callbacks.on_unlock = on_unlock;
    callbacks.on_reset = on_reset;
    callbacks.on_meter_read = on_meter_read;
    callbacks.on_connection = on_connection;
    callbacks.on_boot = on_boot;
    callbacks.on_auth = on_auth;
    callbacks.on_timeout = on_timeout;
    callbacks.on_status = on_status;
    callbacks.on_tx = on_tx;
    callbacks.on_storage = on_storage;
    callbacks.on_reboot = on_reboot;
    callbacks.on_fatal = on_fatal;

    evcp_config_t *cfg = evcp_config_new();
    evcp_err_t err = evcp_config_set_url(cfg, "ws://127.0.0.1:9000");
    if (err == EVCP_OK)
        err = evcp_config_set_identity(cfg, "CHARGER");
    if (err == EVCP_OK)
        err = evcp_config_set_device(cfg, "evcp", "charger.c", "0001", "1.0");
    if (err == EVCP_OK)
        err = evcp_config_set_connectors(cfg, CONNECTORS);
    for (int i = 1; err == EVCP_OK && i < argc; i += 2)
        err = i + 1 < argc ? option(cfg, argv[i], argv[i + 1]) : EVCP_E_INVALID;
    if (err == EVCP_OK)
        err = evcp_new(cfg, &callbacks, self, &self->cp);
    evcp_config_free(cfg);
    return err;
}

static void watch(int epoll, int fd, uint32_t what)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .u32 = what } };
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        perror("epoll_ctl");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct charger self = { 0 };
    enum { LIBRARY = 100, STDIN };

    evcp_set_log(EVCP_LOG_WARN, on_log, NULL);
    evcp_err_t err = make(&self, argc, argv);
    if (err == EVCP_OK)
        err = evcp_start(self.cp);
    if (err != EVCP_OK) {
        fprintf(stderr, "charger: %s: %s\n", evcp_strerror(err), evcp_last_error());
        evcp_free(self.cp);
        return 1;
    }

    int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, evcp_fd(self.cp), LIBRARY);
    watch(epoll, STDIN_FILENO, STDIN);
    for (uint32_t i = 0; i < CONNECTORS; i++) {
        self.outlets[i].since = seconds();
        self.outlets[i].motor = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        watch(epoll, self.outlets[i].motor, i);
    }
    while (!self.quit) {
        struct epoll_event events[4];
        int count = epoll_wait(epoll, events, 4, -1);
        for (int i = 0; i < count && !self.quit; i++) {
            uint32_t what = events[i].data.u32;
            if (what == LIBRARY)
                evcp_dispatch(self.cp, 0);
            else if (what == STDIN)
                read_stdin(&self);
            else
                motor_arrived(&self, what + 1);
        }
    }

    evcp_stop(self.cp, 2000);
    evcp_dispatch(self.cp, 0);
    evcp_free(self.cp);
    evcp_set_log(0, NULL, NULL);
    for (uint32_t i = 0; i < CONNECTORS; i++)
        close(self.outlets[i].motor);
    close(epoll);
    return 0;
}
