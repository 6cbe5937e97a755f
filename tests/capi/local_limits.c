/* Local limits as a firmware sees them. usage: local_limits URL-OF-A-CENTRAL-SYSTEM */
#include "harness.h"

#include <math.h>
#include <stdbool.h>

struct board {
    evcp_t *cp;
    evcp_supply_t supply;
    int commands, stored;
    evcp_err_t inside;
};

static evcp_limit_t amps(double value)
{
    evcp_limit_t limit = EVCP_LIMIT_INIT;
    limit.unit = EVCP_AMPS;
    limit.value = value;
    return limit;
}

static void on_supply(void *ud, uint32_t connector, const evcp_supply_t *supply)
{
    struct board *board = ud;
    if (connector == 1) {
        board->supply = *supply;
        board->commands++;
    }
    evcp_limit_t plenty = amps(63);
    board->inside = evcp_set_local_limit(board->cp, 1, "inside", &plenty, 0);
}

static void charge(struct board *board)
{
    /* Nobody is charged before the first acceptance. */
    evcp_boot_info_t boot = EVCP_BOOT_INFO_INIT;
    UNTIL(board->cp, evcp_get_registration(board->cp, &boot) == 1);
    CHECK(evcp_set_ev(board->cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_start_tx(board->cp, 1, "FREE", 0) == EVCP_OK);
    UNTIL(board->cp, board->supply.permit);
}

static void the_least_limit_counts_and_a_stale_one_gives_way_to_its_failsafe_value(void)
{
    struct board board = { 0 };
    evcp_callbacks_t cb = EVCP_CALLBACKS_INIT;
    cb.on_supply = on_supply;
    board.cp = made(config("L1"), &cb, &board);
    CHECK(evcp_start(board.cp) == EVCP_OK);
    charge(&board);
    CHECK(board.supply.amps == 32.0);
    evcp_limit_t limit = amps(16), safe = amps(6);
    CHECK(evcp_set_local_limit(board.cp, 1, "house meter", &limit, 0) == EVCP_OK);
    UNTIL(board.cp, board.supply.amps == 16.0);
    CHECK(board.inside == EVCP_OK);
    evcp_local_limit_t shown = EVCP_LOCAL_LIMIT_INIT;
    bool found = false;
    for (uint32_t number = 0; evcp_get_local_limit(board.cp, 1, number, &shown) == 1; number++)
        found = found || (strcmp(shown.source, "house meter") == 0 && shown.value == 16.0 && !shown.failsafe);
    CHECK(found);
    CHECK(evcp_set_failsafe(board.cp, 1, "house meter", &safe) == EVCP_OK);
    CHECK(evcp_set_local_limit(board.cp, 1, "house meter", &limit, 50) == EVCP_OK);
    UNTIL(board.cp, board.supply.amps == 6.0);
    CHECK(evcp_set_local_limit(board.cp, 1, "house meter", NULL, 0) == EVCP_OK);
    UNTIL(board.cp, board.supply.amps == 32.0);
    /* Less than any pilot can say is a pause. */
    limit = amps(5.9);
    CHECK(evcp_set_local_limit(board.cp, 0, "grid", &limit, 0) == EVCP_OK);
    UNTIL(board.cp, !board.supply.permit);
    limit.unit = EVCP_WATTS;
    limit.value = 11040;
    CHECK(evcp_set_local_limit(board.cp, 0, "grid", &limit, 0) == EVCP_OK);
    UNTIL(board.cp, board.supply.amps == 16.0);
    evcp_free(board.cp);
}

static void the_least_current_is_said_in_the_set_up(void)
{
    struct board board = { 0 };
    evcp_callbacks_t cb = EVCP_CALLBACKS_INIT;
    cb.on_supply = on_supply;
    evcp_config_t *cfg = config("L2");
    CHECK(evcp_config_set_min_current(cfg, 1, 10) == EVCP_OK);
    REFUSED(evcp_config_set_min_current(cfg, 1, -1), EVCP_E_INVALID, "amps is -1");
    REFUSED(evcp_config_set_min_current(cfg, 1, 80.1), EVCP_E_INVALID, "0 to 80");
    REFUSED(evcp_config_set_min_current(cfg, 1, NAN), EVCP_E_INVALID, "amps is");
    REFUSED(evcp_config_set_min_current(cfg, 2, 6), EVCP_E_INVALID, "connector 2");
    REFUSED(evcp_config_set_min_current(cfg, 0, 6), EVCP_E_INVALID, "connector 0");
    REFUSED(evcp_config_set_min_current(NULL, 1, 6), EVCP_E_INVALID, "NULL");
    board.cp = made(cfg, &cb, &board);
    CHECK(evcp_start(board.cp) == EVCP_OK);
    charge(&board);
    evcp_limit_t limit = amps(9.9);
    CHECK(evcp_set_local_limit(board.cp, 1, "owner", &limit, 0) == EVCP_OK);
    UNTIL(board.cp, !board.supply.permit);
    limit.value = 10;
    CHECK(evcp_set_local_limit(board.cp, 1, "owner", &limit, 0) == EVCP_OK);
    UNTIL(board.cp, board.supply.permit && board.supply.amps == 10.0);
    evcp_free(board.cp);
}

static void bad_input_is_refused_by_its_name(void)
{
    evcp_t *cp = made(config("L3"), NULL, NULL);
    evcp_limit_t good = amps(16);
    const struct {
        evcp_limit_t limit;
        const char *name;
        evcp_err_t err;
    } bad[] = {
        { { .struct_size = sizeof good, .value = NAN }, "value is NaN", EVCP_E_INVALID },
        { { .struct_size = sizeof good, .value = INFINITY }, "value is inf", EVCP_E_INVALID },
        { { .struct_size = sizeof good, .value = -0.1 }, "value is -0.1", EVCP_E_INVALID },
        { { .struct_size = sizeof good, .value = 10000.1 }, "0 to 10000 A", EVCP_E_INVALID },
        { { .struct_size = sizeof good, .unit = EVCP_WATTS, .value = 1e7 + 1 }, "10000000 W", EVCP_E_INVALID },
        { { .struct_size = sizeof good, .unit = 2 }, "EVCP_AMPS", EVCP_E_INVALID },
        { { .struct_size = sizeof good, .phases = 4 }, "phases is 4", EVCP_E_INVALID },
        { { .struct_size = sizeof good, .reserved = 1 }, "reserved", EVCP_E_UNSUPPORTED },
        { { .struct_size = 0 }, "struct_size is 0", EVCP_E_INVALID },
        { { .struct_size = 13 }, "struct_size 13", EVCP_E_INVALID },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        REFUSED(evcp_set_local_limit(cp, 1, "grid", &bad[i].limit, 0), bad[i].err, bad[i].name);
        REFUSED(evcp_set_failsafe(cp, 1, "grid", &bad[i].limit), bad[i].err, bad[i].name);
    }
    char longest[34];
    memset(longest, 'n', sizeof longest);
    longest[33] = '\0';
    REFUSED(evcp_set_local_limit(cp, 1, NULL, &good, 0), EVCP_E_INVALID, "source is NULL");
    REFUSED(evcp_set_local_limit(cp, 1, "", &good, 0), EVCP_E_INVALID, "source");
    REFUSED(evcp_set_local_limit(cp, 1, longest, &good, 0), EVCP_E_INVALID, "33");
    REFUSED(evcp_set_local_limit(cp, 1, "a\nb", &good, 0), EVCP_E_INVALID, "source");
    REFUSED(evcp_set_local_limit(cp, 1, "\xff", &good, 0), EVCP_E_INVALID, "source is not UTF-8");
    REFUSED(evcp_set_local_limit(cp, 2, "grid", &good, 0), EVCP_E_INVALID, "connector 2");
    REFUSED(evcp_set_failsafe(cp, 2, "grid", &good), EVCP_E_INVALID, "connector 2");
    REFUSED(evcp_set_local_limit(NULL, 1, "grid", &good, 0), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_set_failsafe(NULL, 1, "grid", &good), EVCP_E_INVALID, "cp is NULL");
    /* The longest name, and the 16th source; not the 17th. */
    longest[32] = '\0';
    CHECK(evcp_set_failsafe(cp, 1, longest, &good) == EVCP_OK);
    for (int i = 1; i < 16; i++) {
        char name[16];
        snprintf(name, sizeof name, "source %d", i);
        CHECK(evcp_set_local_limit(cp, (uint32_t)i % 2, name, &good, UINT64_MAX) == EVCP_OK);
    }
    REFUSED(evcp_set_local_limit(cp, 1, "the 17th", &good, 0), EVCP_E_INVALID, "the 17th");
    REFUSED(evcp_set_failsafe(cp, 1, "the 17th", &good), EVCP_E_INVALID, "16");
    CHECK(evcp_set_local_limit(cp, 1, "source 3", &good, 0) == EVCP_OK);
    evcp_local_limit_t out = EVCP_LOCAL_LIMIT_INIT;
    REFUSED(evcp_get_local_limit(cp, 2, 0, &out), EVCP_E_INVALID, "connector 2");
    CHECK(evcp_get_local_limit(cp, 1, UINT32_MAX, &out) == 0);
    CHECK(evcp_start(cp) == EVCP_OK);
    UNTIL(cp, evcp_get_local_limit(cp, 1, 0, &out) == 1);
    CHECK(strcmp(out.source, longest) == 0 && out.failsafe && out.value == 16.0 && out.phases == 0);
    REFUSED(evcp_get_local_limit(cp, 1, 0, NULL), EVCP_E_INVALID, "out is NULL");
    out.struct_size = 9;
    REFUSED(evcp_get_local_limit(cp, 1, 0, &out), EVCP_E_INVALID, "struct_size 9");
    CHECK(evcp_stop(cp, 1000) == EVCP_OK);
    CHECK(evcp_set_local_limit(cp, 1, "grid", &good, 0) < 0);
    CHECK(evcp_set_failsafe(cp, 1, "grid", &good) < 0);
    evcp_free(cp);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s URL-OF-A-CENTRAL-SYSTEM\n", argv[0]);
        return 2;
    }
    url = argv[1];
    the_least_limit_counts_and_a_stale_one_gives_way_to_its_failsafe_value();
    the_least_current_is_said_in_the_set_up();
    bad_input_is_refused_by_its_name();
    printf("%d failures\n", failures);
    return failures != 0;
}
