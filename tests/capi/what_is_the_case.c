/* What a firmware can ask at any time. */
#include "harness.h"

static struct {
    evcp_t *cp;
    bool connected, accepted, charging;
    int faults, inside;
} seen;

static void on_connection(void *ud, const evcp_connection_info_t *told)
{
    (void)ud;
    evcp_connection_info_t link = EVCP_CONNECTION_INFO_INIT;
    char text[256];
    size_t len = sizeof text;
    /* Inside a callback as anywhere. */
    CHECK(evcp_get_link(seen.cp, &link, text, &len) == EVCP_OK);
    CHECK(link.detail == text && len == strlen(text) + 1);
    seen.connected = told->state == EVCP_CONNECTED;
}

static void on_boot(void *ud, const evcp_boot_info_t *told)
{
    (void)ud;
    evcp_boot_info_t boot = EVCP_BOOT_INFO_INIT;
    CHECK(evcp_get_registration(seen.cp, &boot) == 1);
    CHECK(boot.status == told->status && boot.interval_s == told->interval_s && boot.time_ms == told->time_ms);
    seen.accepted = told->status == EVCP_BOOT_ACCEPTED;
}

static void on_status(void *ud, const evcp_status_info_t *status)
{
    (void)ud;
    seen.faults += status->status == EVCP_STATUS_FAULTED;
    seen.charging = status->connector == 1 && status->status == EVCP_STATUS_CHARGING;
}

static int count(uint32_t connector)
{
    evcp_fault_info_t fault = EVCP_FAULT_INFO_INIT;
    char text[512];
    int found = 0;
    for (;; found++) {
        size_t len = sizeof text;
        if (evcp_get_fault(seen.cp, connector, fault.number, &fault, text, &len) != 1)
            return found;
    }
}

static void everything_is_known_before_the_start(void)
{
    evcp_connection_info_t link = EVCP_CONNECTION_INFO_INIT;
    evcp_boot_info_t boot = EVCP_BOOT_INFO_INIT;
    evcp_tx_info_t tx = EVCP_TX_INFO_INIT;
    char text[16];
    size_t len = sizeof text;
    CHECK(evcp_get_link(seen.cp, &link, text, &len) == EVCP_OK);
    CHECK(link.state == EVCP_DISCONNECTED && strcmp(link.detail, "") == 0 && len == 1);
    CHECK(evcp_get_registration(seen.cp, &boot) == 0);
    CHECK(evcp_get_tx_info(seen.cp, 1, &tx, text, &len) == 0);
    CHECK(count(0) == 0 && count(1) == 0);
}

static void every_key_is_listed_once(void)
{
    evcp_key_info_t key = EVCP_KEY_INFO_INIT;
    char text[2304], value[600];
    int found = 0, mine = 0, secret = 0, fixed = 0;
    const char *after = NULL;
    for (;; found++) {
        size_t len = sizeof text, room = sizeof value;
        if (evcp_get_key_info(seen.cp, after, &key, text, &len) != 1)
            break;
        after = key.key; /* in text, which the next one is written to */
        CHECK(key.key == text && key.reserved[0] == 0);
        if (key.value != NULL) {
            CHECK(evcp_get_key(seen.cp, key.key, value, &room) == EVCP_OK && strcmp(value, key.value) == 0);
        } else {
            secret += strcmp(key.key, "AuthorizationKey") == 0;
        }
        mine += strcmp(key.key, "Brightness") == 0 && key.read_only && strcmp(key.value, "50") == 0;
        fixed += strcmp(key.key, "NumberOfConnectors") == 0 && key.read_only && !key.reboot_required;
        CHECK(found > 0 || strcmp(key.key, "AllowOfflineTxForUnknownId") == 0);
    }
    CHECK(found > 40 && mine == 1 && secret == 1 && fixed == 1);
}

static void a_session_is_known_in_full(void)
{
    evcp_sample_t sample = { .value = 1234 };
    evcp_tx_info_t tx = EVCP_TX_INFO_INIT;
    evcp_tx_t number = 0;
    char text[128];
    size_t len = sizeof text;
    UNTIL(seen.cp, seen.connected && seen.accepted);
    CHECK(evcp_push_meter(seen.cp, 1, &sample, 1) == EVCP_OK);
    CHECK(evcp_start_tx(seen.cp, 1, "CAFE01", 0) == EVCP_OK);
    CHECK(evcp_set_ev(seen.cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    UNTIL(seen.cp, evcp_get_tx_info(seen.cp, 1, &tx, text, &(size_t){ sizeof text }) == 1 && tx.ocpp_id_known);
    CHECK(evcp_get_tx_info(seen.cp, 1, &tx, text, &len) == 1);
    CHECK(evcp_get_tx(seen.cp, 1, &number) == EVCP_OK && tx.tx == number && tx.connector == 1);
    CHECK(tx.meter_start_wh == 1234 && tx.reason == EVCP_REASON_NONE && strcmp(tx.tag, "CAFE01") == 0);
    CHECK(tx.tag == text && tx.ocpp_id_text == text + 7 && len == 7 + strlen(tx.ocpp_id_text) + 1);
    /* As much room as it says, and not less. */
    size_t exact = len, short_by_one = len - 1;
    CHECK(evcp_get_tx_info(seen.cp, 1, &tx, text, &exact) == 1);
    CHECK(evcp_get_tx_info(seen.cp, 1, &tx, text, &short_by_one) == EVCP_E_BUFFER && short_by_one == len);
}

static void all_that_is_wrong_is_listed(void)
{
    evcp_fault_info_t fault = EVCP_FAULT_INFO_INIT;
    char text[512];
    size_t len = sizeof text;
    CHECK(evcp_set_warning(seen.cp, 1, EVCP_ERROR_WEAK_SIGNAL, NULL, "W7") == EVCP_OK);
    CHECK(evcp_set_fault(seen.cp, 1, EVCP_ERROR_HIGH_TEMPERATURE, "60 degrees", NULL) == EVCP_OK);
    CHECK(evcp_set_fault(seen.cp, 1, EVCP_ERROR_GROUND_FAILURE, NULL, NULL) == EVCP_OK);
    UNTIL(seen.cp, seen.faults > 0 && count(1) == 3);
    CHECK(count(0) == 0);
    int bits = 0;
    while (evcp_get_fault(seen.cp, 1, fault.number, &fault, text, &len) == 1) {
        CHECK(fault.connector == 1 && fault.number != 0 && !fault.own);
        if (fault.code == EVCP_ERROR_WEAK_SIGNAL) {
            CHECK(bits == 3 && fault.warning && !fault.shown); /* after the faults */
            CHECK(fault.info == NULL && strcmp(fault.vendor_code, "W7") == 0 && len == 3);
            bits |= 4;
        } else if (fault.code == EVCP_ERROR_HIGH_TEMPERATURE) {
            CHECK(!fault.warning && fault.shown && strcmp(fault.info, "60 degrees") == 0 && fault.vendor_code == NULL);
            bits |= 1;
        } else {
            CHECK(fault.code == EVCP_ERROR_GROUND_FAILURE && !fault.shown && fault.info == NULL && len == 0);
            /* Without texts it needs no room. */
            size_t none = 0;
            uint32_t before = 0;
            evcp_fault_info_t other = EVCP_FAULT_INFO_INIT;
            CHECK(evcp_get_fault(seen.cp, 1, before, &other, NULL, &none) == 1 || none == 11);
            bits |= 2;
        }
        len = sizeof text;
    }
    CHECK(bits == 7);
    CHECK(evcp_set_fault(seen.cp, 1, EVCP_ERROR_NO_ERROR, NULL, NULL) == EVCP_OK);
    UNTIL(seen.cp, count(1) == 1);
}

static void nonsense_is_named(void)
{
    evcp_connection_info_t link = EVCP_CONNECTION_INFO_INIT;
    evcp_boot_info_t boot = EVCP_BOOT_INFO_INIT;
    evcp_tx_info_t tx = EVCP_TX_INFO_INIT;
    evcp_fault_info_t fault = EVCP_FAULT_INFO_INIT;
    evcp_key_info_t key = EVCP_KEY_INFO_INIT;
    char text[512];
    size_t len = sizeof text;
    REFUSED(evcp_get_link(NULL, &link, text, &len), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_get_registration(NULL, &boot), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_get_tx_info(NULL, 1, &tx, text, &len), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_get_fault(NULL, 1, 0, &fault, text, &len), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_get_key_info(NULL, NULL, &key, text, &len), EVCP_E_INVALID, "cp is NULL");
    REFUSED(evcp_get_link(seen.cp, NULL, text, &len), EVCP_E_INVALID, "out is NULL");
    REFUSED(evcp_get_link(seen.cp, &link, text, NULL), EVCP_E_INVALID, "len is NULL");
    REFUSED(evcp_get_tx_info(seen.cp, 1, &tx, text, NULL), EVCP_E_INVALID, "len is NULL");
    REFUSED(evcp_get_fault(seen.cp, 0, 0, &fault, text, NULL), EVCP_E_INVALID, "len is NULL");
    REFUSED(evcp_get_key_info(seen.cp, NULL, &key, text, NULL), EVCP_E_INVALID, "len is NULL");
    REFUSED(evcp_get_link(seen.cp, &link, NULL, &len), EVCP_E_INVALID, "text is NULL");
    len = 0;
    REFUSED(evcp_get_link(seen.cp, &link, NULL, &len), EVCP_E_BUFFER, "bytes");
    CHECK(len > 0);
    REFUSED(evcp_get_registration(seen.cp, NULL), EVCP_E_INVALID, "out is NULL");
    boot.struct_size = 0;
    REFUSED(evcp_get_registration(seen.cp, &boot), EVCP_E_INVALID, "struct_size is 0");
    boot.struct_size = 10;
    REFUSED(evcp_get_registration(seen.cp, &boot), EVCP_E_INVALID, "middle of a field");
    len = sizeof text;
    REFUSED(evcp_get_tx_info(seen.cp, 0, &tx, text, &len), EVCP_E_INVALID, "connector 0");
    REFUSED(evcp_get_tx_info(seen.cp, 2, &tx, text, &len), EVCP_E_INVALID, "connector 2");
    REFUSED(evcp_get_fault(seen.cp, 2, 0, &fault, text, &len), EVCP_E_INVALID, "connector 2");
    REFUSED(evcp_get_fault(seen.cp, 1, 4711, &fault, text, &len), EVCP_E_INVALID, "after is 4711");
    REFUSED(evcp_get_fault(seen.cp, 1, 0x10000, &fault, text, &len), EVCP_E_INVALID, "after is 65536");
    REFUSED(evcp_get_key_info(seen.cp, "Nonsense", &key, text, &len), EVCP_E_UNSUPPORTED, "Nonsense");
    REFUSED(evcp_get_key_info(seen.cp, "\xff", &key, text, &len), EVCP_E_INVALID, "after");
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    evcp_callbacks_t cb = EVCP_CALLBACKS_INIT;
    cb.on_connection = on_connection;
    cb.on_boot = on_boot;
    cb.on_status = on_status;
    evcp_config_t *cfg = config("CASE");
    evcp_key_decl_t brightness = EVCP_KEY_DECL_INIT;
    brightness.name = "Brightness";
    brightness.value = "50";
    brightness.read_only = true;
    CHECK(evcp_config_declare(cfg, &brightness) == EVCP_OK);
    seen.cp = made(cfg, &cb, NULL);
    everything_is_known_before_the_start();
    every_key_is_listed_once();
    CHECK(evcp_start(seen.cp) == EVCP_OK);
    a_session_is_known_in_full();
    all_that_is_wrong_is_listed();
    nonsense_is_named();
    CHECK(evcp_stop(seen.cp, 2000) == EVCP_OK);
    /* What was the case is still told. */
    CHECK(count(1) == 1);
    evcp_boot_info_t boot = EVCP_BOOT_INFO_INIT;
    CHECK(evcp_get_registration(seen.cp, &boot) == 1);
    evcp_free(seen.cp);
    printf("%d failures\n", failures);
    return failures > 0;
}
