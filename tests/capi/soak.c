/* A hundred charge points in one process, sessions of seconds on all of them, and a look at what
 * the process holds every few seconds.
 *
 * usage: soak URL FOLDER SECONDS SEED
 *
 * stdout:  begun POINT TAG START          a session began
 *          ended POINT TAG START STOP     and ended
 *          off POINT                      the device was reset, and waits for "on POINT" at stdin
 *          look SECOND RSS_KIB FDS THREADS
 *          settling                       time is over: no session begins any more
 *          still PLACE RSS_KIB FDS THREADS    nothing is under way: before, start, end or freed
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <evcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define POINTS 100
#define ON_DISK(number) ((number) % 4 == 0)
#define TICK_MS 100
#define TAGS 5

/* What epoll tells apart; below them are the charge points. */
enum { TIMER = POINTS, STDIN };

static const char *url, *folder;
static int watch;
static bool beginning; /* sessions may begin */

static struct point {
    evcp_t *cp;
    int number;
    bool accepted, off, network;
    /* What the people at it do next, and at which second. */
    enum { IDLE, SHOWN, CHARGING, STOPPING } step;
    double next;
    char tag[24];
    double wh;
} points[POINTS];

static void must(evcp_err_t err, const char *what)
{
    if (err < 0) {
        fprintf(stderr, "%s: %s: %s\n", what, evcp_strerror(err), evcp_last_error());
        exit(2);
    }
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double between(double least, double most)
{
    return least + (most - least) * (double)rand() / RAND_MAX;
}

/* ---- what the process holds ---- */

static int entries(const char *directory)
{
    int count = -3; /* the two names of directories, and what reads here */
    DIR *dir = opendir(directory);
    while (dir != NULL && readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static long rss_kib(void)
{
    char line[128];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "RssAnon: %ld", &kib) == 1)
            break;
    fclose(status);
    return kib;
}

static void look(const char *word, const char *place)
{
    /* The list of threads has no entry for the one who reads it. */
    printf("%s %s %ld %d %d\n", word, place, rss_kib(), entries("/proc/self/fd"),
           entries("/proc/self/task") + 1);
}

/* ---- what the library wants ---- */

static void on_boot(void *ud, const evcp_boot_info_t *boot)
{
    struct point *self = ud;
    self->accepted = boot->status == EVCP_BOOT_ACCEPTED;
}

static void on_meter_read(void *ud, uint32_t connector, uint32_t context, evcp_req_t req)
{
    struct point *self = ud;
    (void)connector;
    (void)context;
    /* Each reading is another, so that a session is known by its first. */
    self->wh += 3;
    evcp_sample_t sample = { .value = self->wh, .measurand = EVCP_M_ENERGY_IMPORT };
    evcp_answer_meter(self->cp, req, &sample, 1);
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    struct point *self = ud;
    if (tx->change == EVCP_TX_STARTED) {
        printf("begun S%d %s %.0f\n", self->number, tx->tag, tx->meter_start_wh);
        self->step = CHARGING;
        self->next = seconds() + between(0.2, 6);
        evcp_set_ev(self->cp, 1, EVCP_EV_CHARGING);
    } else if (tx->change == EVCP_TX_STOPPED) {
        printf("ended S%d %s %.0f %.0f\n", self->number, tx->tag, tx->meter_start_wh,
               tx->meter_stop_wh);
        self->step = STOPPING;
        self->next = 0;
    }
}

static void on_reset(void *ud, bool hard, evcp_req_t req)
{
    struct point *self = ud;
    (void)hard;
    /* The others would forget what they have not delivered. */
    evcp_answer(self->cp, req, ON_DISK(self->number) ? EVCP_ACCEPTED : EVCP_REJECTED);
}

static void on_reboot(void *ud, bool hard)
{
    struct point *self = ud;
    (void)hard;
    self->off = true;
}

static void on_fatal(void *ud, evcp_err_t err, const char *detail)
{
    (void)ud;
    fprintf(stderr, "fatal: %s\n", detail);
    must(err, "on_fatal");
}

/* ---- a device is switched on and off ---- */

static void switch_on(struct point *self)
{
    static const char *const settings[][2] = {
        { "MeterValueSampleInterval", "1" },
        { "ClockAlignedDataInterval", "5" },
        { "StopTxnSampledData", "Energy.Active.Import.Register" },
        { "AllowOfflineTxForUnknownId", "true" },
        { "LocalAuthorizeOffline", "true" },
        { "TransactionMessageAttempts", "5" },
        { "TransactionMessageRetryInterval", "1" },
        { "WebSocketPingInterval", "2" },
        { "storage.sample_commit_s", "0" },
        { "reconnect.min_s", "0.2" },
        { "reconnect.max_s", "2" },
    };
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_boot = on_boot;
    callbacks.on_meter_read = on_meter_read;
    callbacks.on_tx = on_tx;
    callbacks.on_reset = on_reset;
    callbacks.on_reboot = on_reboot;
    callbacks.on_fatal = on_fatal;
    char text[256];
    evcp_config_t *cfg = evcp_config_new();
    snprintf(text, sizeof text, "S%d", self->number);
    must(evcp_config_set_identity(cfg, text), "identity");
    must(evcp_config_set_url(cfg, url), "url");
    must(evcp_config_set_device(cfg, "evcp", "soak", NULL, NULL), "device");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        must(evcp_config_set(cfg, settings[i][0], settings[i][1]), settings[i][0]);
    if (ON_DISK(self->number)) {
        snprintf(text, sizeof text, "%s/S%d", folder, self->number);
        must(evcp_config_set_storage(cfg, text), "storage");
    }
    must(evcp_new(cfg, &callbacks, self, &self->cp), "evcp_new");
    evcp_config_free(cfg);
    must(evcp_start(self->cp), "evcp_start");
    self->accepted = self->off = false;
    self->network = true;
    self->step = IDLE;
    self->next = seconds() + between(0.2, 2);
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)self->number };
    must(epoll_ctl(watch, EPOLL_CTL_ADD, evcp_fd(self->cp), &event), "epoll_ctl");
}

static void switch_off(struct point *self)
{
    /* The next one opens the same storage. */
    must(evcp_stop(self->cp, 60000), "evcp_stop");
    evcp_free(self->cp);
    self->cp = NULL;
    printf("off S%d\n", self->number);
}

/* ---- what people do ---- */

static void act(struct point *self)
{
    double now = seconds();
    /* The network goes every 20 s or so, and is back after 2. */
    if (rand() % (self->network ? 200 : 20) == 0 && beginning) {
        self->network = !self->network;
        must(evcp_set_network(self->cp, self->network), "network");
    }
    if (now < self->next)
        return;
    switch (self->step) {
    case IDLE:
        if (!beginning)
            return;
        snprintf(self->tag, sizeof self->tag, "S%d-%d", self->number, rand() % TAGS);
        must(evcp_set_ev(self->cp, 1, EVCP_EV_PLUGGED), "plug");
        must(evcp_present_tag(self->cp, 1, self->tag), "tag");
        self->step = SHOWN;
        self->next = now + 5;
        return;
    case SHOWN: /* the answer got lost with the link: this driver gives up */
    case STOPPING:
        must(evcp_set_ev(self->cp, 1, EVCP_EV_ABSENT), "unplug");
        self->step = IDLE;
        self->next = now + between(0.1, 2);
        return;
    case CHARGING:
        if (rand() % 2 == 0)
            must(evcp_set_ev(self->cp, 1, EVCP_EV_ABSENT), "unplug");
        else
            must(evcp_present_tag(self->cp, 1, self->tag), "tag");
        self->next = now + 5; /* tried again if the tag was not taken */
        return;
    }
}

/* Everybody is connected and accepted, nothing charges, and nothing waits for delivery. */
static bool is_still(void)
{
    for (int i = 0; i < POINTS; i++) {
        struct point *self = &points[i];
        evcp_stats_t stats = EVCP_STATS_INIT;
        evcp_tx_t tx = 0;
        uint32_t status = EVCP_STATUS_FAULTED;
        if (self->cp == NULL || !self->accepted || self->step != IDLE)
            return false;
        must(evcp_get_stats(self->cp, &stats), "stats");
        must(evcp_get_tx(self->cp, 1, &tx), "tx");
        must(evcp_get_status(self->cp, 1, &status), "status");
        if (stats.queued != 0 || tx != 0 || status != EVCP_STATUS_AVAILABLE)
            return false;
        if (stats.panics != 0) {
            fprintf(stderr, "S%d: %llu panics\n", self->number, (unsigned long long)stats.panics);
            exit(2);
        }
    }
    return true;
}

static void read_command(void)
{
    static char text[4096];
    static size_t len;
    ssize_t got = read(STDIN_FILENO, text + len, sizeof text - 1 - len);
    if (got <= 0)
        exit(3); /* the test is gone */
    len += (size_t)got;
    text[len] = '\0';
    char *line = text, *end;
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        int number = -1;
        if (sscanf(line, "on S%d", &number) == 1 && number >= 0 && number < POINTS &&
            points[number].cp == NULL)
            switch_on(&points[number]);
    }
    len = strlen(line);
    memmove(text, line, len + 1);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    url = argv[1];
    folder = argv[2];
    double duration = atof(argv[3]), every = duration / 60 < 5 ? 1 : 5;
    srand((unsigned)atoi(argv[4]));
    setvbuf(stdout, NULL, _IOLBF, 0);
    look("still", "before");
    watch = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec tick = { .it_interval = { .tv_nsec = TICK_MS * 1000000L },
                               .it_value = { .tv_nsec = TICK_MS * 1000000L } };
    timerfd_settime(timer, 0, &tick, NULL);
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = TIMER };
    epoll_ctl(watch, EPOLL_CTL_ADD, timer, &event);
    event.data.u32 = STDIN;
    epoll_ctl(watch, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (int i = 0; i < POINTS; i++) {
        points[i].number = i;
        switch_on(&points[i]);
    }

    double began = 0, next_look = 0;
    bool settling = false;
    for (;;) {
        struct epoll_event events[32];
        bool ticked = false;
        uint64_t ticks;
        int count = epoll_wait(watch, events, 32, -1);
        for (int i = 0; i < count; i++) {
            uint32_t source = events[i].data.u32;
            if (source == TIMER)
                ticked = read(timer, &ticks, sizeof ticks) > 0;
            else if (source == STDIN)
                read_command();
            else if (points[source].cp != NULL) {
                must(evcp_dispatch(points[source].cp, 0), "evcp_dispatch");
                if (points[source].off)
                    switch_off(&points[source]);
            }
        }
        if (!ticked)
            continue;
        for (int i = 0; i < POINTS; i++)
            if (points[i].cp != NULL)
                act(&points[i]);
        double second = seconds() - began;
        if (began == 0) {
            if (!is_still())
                continue;
            look("still", "start");
            began = seconds();
            beginning = true;
        } else if (settling) {
            if (is_still())
                break;
        } else if (second >= duration) {
            settling = true;
            beginning = false;
            for (int i = 0; i < POINTS; i++)
                if (points[i].cp != NULL)
                    must(evcp_set_network(points[i].cp, points[i].network = true), "network");
            printf("settling\n");
        } else if (second >= next_look) {
            char text[16];
            snprintf(text, sizeof text, "%.0f", second);
            look("look", text);
            next_look += every;
        }
    }
    look("still", "end");
    for (int i = 0; i < POINTS; i++)
        evcp_free(points[i].cp);
    close(timer);
    close(watch);
    look("still", "freed");
    return 0;
}
