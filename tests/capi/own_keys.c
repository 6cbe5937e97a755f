/* Keys of the firmware's own: limits, and a question before a change. Whoever runs it changes Brightness, and ends it by
 * setting Done to true. */
#include "harness.h"

static struct {
    evcp_t *cp;
    evcp_req_t later;
    int asked, told, done;
} seen;

static void on_key_change(void *ud, const evcp_key_info_t *key, evcp_req_t req)
{
    (void)ud;
    char value[64];
    size_t len = sizeof value;
    seen.asked++;
    CHECK(key->struct_size == sizeof *key && strcmp(key->key, "Brightness") == 0 && !key->read_only);
    /* It is as it was until we agree. */
    CHECK(evcp_get_key(seen.cp, "Brightness", value, &len) == EVCP_OK && strcmp(value, key->value) != 0);
    REFUSED(evcp_answer(seen.cp, req, EVCP_FAILED), EVCP_E_INVALID, "on_key_change");
    REFUSED(evcp_answer_meter(seen.cp, req, NULL, 0), EVCP_E_INVALID, "on_key_change");
    REFUSED(evcp_answer(seen.cp, req, 99), EVCP_E_INVALID, "result is 99");
    if (strcmp(key->value, "70") == 0) {
        CHECK(evcp_answer(seen.cp, req, EVCP_ACCEPTED) == EVCP_OK);
        REFUSED(evcp_answer(seen.cp, req, EVCP_ACCEPTED), EVCP_E_EXPIRED, "");
    } else if (strcmp(key->value, "80") == 0) {
        CHECK(evcp_answer(seen.cp, req, EVCP_REBOOT_REQUIRED) == EVCP_OK);
    } else if (strcmp(key->value, "90") == 0) {
        CHECK(evcp_answer(seen.cp, req, EVCP_REJECTED) == EVCP_OK);
    } else {
        seen.later = req;
    }
}

static void on_key_changed(void *ud, const evcp_key_info_t *key)
{
    (void)ud;
    seen.told += strcmp(key->key, "Brightness") == 0;
    seen.done += strcmp(key->key, "Done") == 0 && strcmp(key->value, "true") == 0;
}

static void a_declaration_that_makes_no_sense_is_named(evcp_config_t *cfg)
{
    static const struct {
        evcp_key_decl_t decl;
        const char *names;
    } bad[] = {
        { { .name = NULL, .value = "1" }, "name is NULL" },
        { { .name = "", .value = "1" }, "name is empty" },
        { { .name = "\xff", .value = "1" }, "name is not UTF-8" },
        { { .name = "A", .value = NULL }, "value is NULL" },
        { { .name = "HeartbeatInterval", .value = "1" }, "OCPP's own" },
        { { .name = "A", .value = "1", .kind = 4 }, "kind is 4" },
        { { .name = "A", .value = "x", .kind = EVCP_KEY_INTEGER }, "\"x\"" },
        { { .name = "A", .value = "5", .kind = EVCP_KEY_INTEGER, .min = 6, .max = 9 }, "6 to 9" },
        { { .name = "A", .value = "5", .kind = EVCP_KEY_INTEGER, .min = 9, .max = 6 }, "min is 9" },
        { { .name = "A", .value = "5", .kind = EVCP_KEY_INTEGER, .max = 9, .words = "5" }, "words 5" },
        { { .name = "A", .value = "true", .kind = EVCP_KEY_BOOLEAN, .max = 1 }, "max 1" },
        { { .name = "A", .value = "yes", .kind = EVCP_KEY_BOOLEAN }, "true or false" },
        { { .name = "A", .value = "abc", .max = 2 }, "2 characters" },
        { { .name = "A", .value = "", .max = -1 }, "max -1" },
        { { .name = "A", .value = "green", .words = "red,blue" }, "red or blue" },
        { { .name = "A", .value = "red,red", .kind = EVCP_KEY_LIST, .max = 1 }, "1 at most" },
        { { .name = "A", .value = "", .words = "\xff" }, "words is not UTF-8" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        evcp_key_decl_t decl = bad[i].decl;
        decl.struct_size = sizeof decl;
        REFUSED(evcp_config_declare(cfg, &decl), EVCP_E_INVALID, bad[i].names);
    }
    evcp_key_decl_t decl = EVCP_KEY_DECL_INIT;
    decl.name = "A-name-of-more-than-the-fifty-characters-that-OCPP-has-for-it";
    decl.value = "1";
    REFUSED(evcp_config_declare(cfg, &decl), EVCP_E_INVALID, "name has 61 characters");
    decl.struct_size = 0;
    REFUSED(evcp_config_declare(cfg, &decl), EVCP_E_INVALID, "struct_size is 0");
    decl.struct_size = 10;
    REFUSED(evcp_config_declare(cfg, &decl), EVCP_E_INVALID, "middle of a field");
    REFUSED(evcp_config_declare(cfg, NULL), EVCP_E_INVALID, "decl is NULL");
    REFUSED(evcp_config_declare(NULL, &decl), EVCP_E_INVALID, "cfg is NULL");
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    evcp_callbacks_t cb = EVCP_CALLBACKS_INIT;
    cb.on_key_change = on_key_change;
    cb.on_key_changed = on_key_changed;
    evcp_config_t *cfg = config("KEYS");
    a_declaration_that_makes_no_sense_is_named(cfg);
    evcp_key_decl_t brightness = EVCP_KEY_DECL_INIT, done = EVCP_KEY_DECL_INIT;
    brightness.kind = EVCP_KEY_INTEGER;
    brightness.name = "Brightness";
    brightness.value = "50";
    brightness.max = 100;
    brightness.asks = true;
    CHECK(evcp_config_declare(cfg, &brightness) == EVCP_OK);
    done.kind = EVCP_KEY_BOOLEAN;
    done.name = "Done";
    done.value = "false";
    CHECK(evcp_config_declare(cfg, &done) == EVCP_OK);
    seen.cp = made(cfg, &cb, NULL);
    CHECK(evcp_start(seen.cp) == EVCP_OK);
    while (!seen.done && evcp_dispatch(seen.cp, 20000) >= 0) {
        if (seen.later != 0) {
            CHECK(evcp_answer(seen.cp, seen.later, EVCP_ACCEPTED) == EVCP_OK);
            seen.later = 0;
        }
    }
    CHECK(seen.asked == 4 && seen.told == 3);
    /* The firmware itself needs no question, and keeps to the limits. */
    CHECK(evcp_set_key(seen.cp, "Brightness", "10") == EVCP_OK);
    REFUSED(evcp_set_key(seen.cp, "Brightness", "101"), EVCP_E_INVALID, "0 to 100");
    REFUSED(evcp_set_key(seen.cp, "Done", "perhaps"), EVCP_E_INVALID, "true or false");
    UNTIL(seen.cp, seen.told == 4);
    CHECK(seen.asked == 4);
    evcp_free(seen.cp);
    printf("%d failures\n", failures);
    return failures > 0;
}
