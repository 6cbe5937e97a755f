/* The log says which charge point a line is about, and what happens to it in words for technicians. */
#include "harness.h"
#include <stdlib.h>

/* What was said of whom, as bits: the library's thread may set them. */
enum { DOWN_1 = 1, DOWN_2 = 2, KEY_2 = 4, OF_ANOTHER = 8, CUT = 16, BEGAN_3 = 32 };
static int bits;

static void on_line(void *ud, const evcp_log_line_t *line)
{
    (void)ud;
    int said = 0;
    CHECK(line->struct_size == sizeof *line && line->level >= EVCP_LOG_ERROR && line->level <= EVCP_LOG_INFO);
    CHECK(line->target != NULL && line->text != NULL);
    if (strstr(line->text, "no connection") != NULL)
        said = line->identity == NULL ? OF_ANOTHER
               : strcmp(line->identity, "LOG 1") == 0 ? DOWN_1
               : strcmp(line->identity, "LOG 2") == 0 ? DOWN_2
               : strlen(line->identity) == 63 && line->identity[0] == 'L' ? CUT : OF_ANOTHER;
    if (strstr(line->text, "HeartbeatInterval") != NULL)
        said = line->identity != NULL && strcmp(line->identity, "LOG 2") == 0 ? KEY_2 : OF_ANOTHER;
    if (strstr(line->text, "transaction 1: Started") != NULL)
        said = line->identity != NULL && strcmp(line->identity, "LOG 3") == 0 ? BEGAN_3 : OF_ANOTHER;
    __atomic_fetch_or(&bits, said, __ATOMIC_RELAXED);
}

static int said(void) { return __atomic_load_n(&bits, __ATOMIC_RELAXED); }

static evcp_t *nowhere(const char *id)
{
    const char *there = url;
    url = "ws://127.0.0.1:9";
    evcp_t *cp = made(config(id), NULL, NULL);
    url = there;
    CHECK(evcp_start(cp) == EVCP_OK);
    return cp;
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    CHECK(evcp_set_log(EVCP_LOG_INFO, on_line, NULL) == EVCP_OK);
    char longer[101] = { 0 };
    memset(longer, 'L', 100);
    evcp_t *first = nowhere("LOG 1"), *second = nowhere("LOG 2"), *third = nowhere(longer);
    UNTIL(first, (said() & (DOWN_1 | DOWN_2 | CUT)) == (DOWN_1 | DOWN_2 | CUT));
    /* On the thread of the host. */
    CHECK(evcp_set_key(second, "HeartbeatInterval", "often") == EVCP_E_INVALID);
    CHECK(said() & KEY_2);
    evcp_config_t *cfg = config("LOG 3");
    CHECK(evcp_config_set(cfg, "AllowOfflineTxForUnknownId", "true") == EVCP_OK);
    evcp_t *charging = made(cfg, NULL, NULL);
    CHECK(evcp_start(charging) == EVCP_OK);
    UNTIL(charging, evcp_get_registration(charging, &(evcp_boot_info_t)EVCP_BOOT_INFO_INIT) == 1);
    evcp_sample_t sample = { .value = 1 };
    CHECK(evcp_push_meter(charging, 1, &sample, 1) == EVCP_OK);
    CHECK(evcp_start_tx(charging, 1, "CAFE01", 0) == EVCP_OK);
    CHECK(evcp_set_ev(charging, 1, EVCP_EV_CHARGING) == EVCP_OK);
    UNTIL(charging, said() & BEGAN_3);
    CHECK(!(said() & OF_ANOTHER));
    evcp_free(first);
    evcp_free(second);
    evcp_free(third);
    evcp_free(charging);
    CHECK(evcp_set_log(0, NULL, NULL) == EVCP_OK);
    printf("%d failures\n", failures);
    return failures > 0;
}
