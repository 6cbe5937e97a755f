/* Ways to a central system, as a firmware says them. usage: network URL-OF-A-CENTRAL-SYSTEM */
#include "harness.h"

struct seen {
    evcp_t *cp;
    uint32_t slot;
    int connected, failed;
    char why[200];
    bool change_inside;
    evcp_err_t inside;
};

static void on_connection(void *ud, const evcp_connection_info_t *link)
{
    struct seen *seen = ud;
    CHECK(link->struct_size == sizeof *link && link->reserved == 0);
    CHECK(link->slot >= 1 && link->slot <= 4);
    seen->slot = link->slot;
    seen->connected += link->state == EVCP_CONNECTED;
    if (link->state == EVCP_CONNECT_FAILED) {
        seen->failed++;
        snprintf(seen->why, sizeof seen->why, "%s", link->detail);
    }
    if (link->state == EVCP_CONNECTED && seen->change_inside) {
        const uint32_t slots[] = { 1 };
        seen->change_inside = false;
        seen->inside = evcp_set_network_priority(seen->cp, slots, 1);
    }
}

static evcp_network_profile_t way(const char *to)
{
    evcp_network_profile_t made = EVCP_NETWORK_PROFILE_INIT;
    made.url = to;
    made.identity = "NETWORK";
    made.connect_timeout_s = 5;
    return made;
}

static evcp_config_t *config_without_way(void)
{
    evcp_config_t *cfg = evcp_config_new();
    CHECK(evcp_config_set_device(cfg, "evcp", "test", NULL, NULL) == EVCP_OK);
    CHECK(evcp_config_set(cfg, "reconnect.min_s", "0.05") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "network.attempts", "1") == EVCP_OK);
    return cfg;
}

static evcp_t *told(evcp_config_t *cfg, struct seen *seen)
{
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_connection = on_connection;
    seen->cp = made(cfg, &callbacks, seen);
    return seen->cp;
}

static void the_next_profile_has_its_turn_and_the_one_in_use_changes_at_once(void)
{
    struct seen seen = { 0 };
    evcp_config_t *cfg = config_without_way();
    evcp_network_profile_t nowhere = way("ws://127.0.0.1:9"), here = way(url);
    here.interface = "lo";
    here.source_address = "127.0.0.2";
    CHECK(evcp_config_set_network_profile(cfg, 1, &nowhere) == EVCP_OK);
    CHECK(evcp_config_set_network_profile(cfg, 3, &here) == EVCP_OK);
    evcp_t *cp = told(cfg, &seen);
    CHECK(evcp_start(cp) == EVCP_OK);
    UNTIL(cp, seen.connected == 1);
    CHECK(seen.slot == 3 && seen.failed >= 1 && strstr(seen.why, "127.0.0.1:9") != NULL);
    here.source_address = "127.0.0.3";
    CHECK(evcp_set_network_profile(cp, 3, &here) == EVCP_OK);
    UNTIL(cp, seen.connected == 2);
    CHECK(evcp_set_network_profile(cp, 3, &here) == EVCP_OK);
    CHECK(evcp_set_network_profile(cp, 1, &here) == EVCP_OK);
    CHECK(evcp_set_network_profile(cp, 3, NULL) == EVCP_OK);
    UNTIL(cp, seen.connected == 3 && seen.slot == 1);
    REFUSED(evcp_set_network_profile(cp, 1, NULL), EVCP_E_INVALID, "would be left");
    seen.change_inside = true;
    CHECK(evcp_set_network_profile(cp, 2, &here) == EVCP_OK);
    const uint32_t slots[] = { 2, 1 };
    CHECK(evcp_set_network_priority(cp, slots, 2) == EVCP_OK);
    UNTIL(cp, seen.connected == 5 && seen.slot == 1);
    CHECK(seen.inside == EVCP_OK);
    CHECK(evcp_stop(cp, 5000) == EVCP_OK);
    CHECK(evcp_set_network_profile(cp, 2, &nowhere) == EVCP_E_CLOSED);
    CHECK(evcp_set_network_priority(cp, slots, 2) == EVCP_E_CLOSED);
    evcp_free(cp);
}

static void what_makes_no_sense_is_refused_and_named(void)
{
    struct seen seen = { 0 };
    evcp_network_profile_t good = way(url), bad;
    static char endless[5000];
    memset(endless, 'a', sizeof endless - 1);
    evcp_config_t *cfg = config_without_way();
    CHECK(evcp_config_set_url(cfg, url) == EVCP_OK);
    CHECK(evcp_config_set_identity(cfg, "NETWORK") == EVCP_OK);
    REFUSED(evcp_config_set_network_profile(NULL, 1, &good), EVCP_E_INVALID, "cfg is NULL");
    REFUSED(evcp_config_set_network_profile(cfg, 0, &good), EVCP_E_INVALID, "slot is 0");
    REFUSED(evcp_config_set_network_profile(cfg, 5, NULL), EVCP_E_INVALID, "slot is 5");
    evcp_t *cp = told(cfg, &seen);
    REFUSED(evcp_set_network_profile(NULL, 1, &good), EVCP_E_INVALID, "NULL");
    REFUSED(evcp_set_network_profile(cp, UINT32_MAX, &good), EVCP_E_INVALID, "slot is 4294967295");
    REFUSED(evcp_set_network_profile(cp, 1, NULL), EVCP_E_INVALID, "would be left");
#define BAD(member, value, word)                                                               \
    do {                                                                                       \
        bad = good;                                                                            \
        bad.member = value;                                                                    \
        REFUSED(evcp_set_network_profile(cp, 2, &bad), EVCP_E_INVALID, word);                                 \
    } while (0)
    BAD(struct_size, 0, "struct_size is 0");
    BAD(struct_size, 13, "in the middle of a field");
    BAD(struct_size, 70000, "struct_size is 70000");
    BAD(url, NULL, "url is NULL");
    BAD(url, "", "url is empty");
    BAD(url, "http://a", "ws://");
    BAD(url, endless, "url has 4999 bytes");
    BAD(url, "ws://\xff", "url is not UTF-8");
    BAD(identity, NULL, "identity is NULL");
    BAD(identity, endless, "255");
    BAD(identity, "\xff", "identity is not UTF-8");
    BAD(security_profile, 4, "there are 0 to 3");
    BAD(security_profile, 1, "auth_key");
    BAD(auth_key_len, 16, "auth_key is NULL");
    BAD(ca_pem_len, 1, "ca_pem is NULL");
    BAD(ca_pem_len, SIZE_MAX, "ca_pem has");
    BAD(client_chain_pem_len, 1, "client_chain_pem is NULL");
    BAD(client_key_pem_len, 1, "client_key_pem is NULL");
    BAD(interface, "", "interface is empty");
    BAD(interface, "sixteen-letters!", "1 to 15 bytes");
    BAD(source_address, "127.0.0.1:1", "source_address");
    BAD(proxy, "https://user:secret@a:1", "http://host:port");
    CHECK(strstr(evcp_last_error(), "secret") == NULL);
    BAD(connect_timeout_s, 601, "1 to 600 s");
    bad = good;
    bad.reserved = 1;
    CHECK(evcp_set_network_profile(cp, 2, &bad) == EVCP_E_UNSUPPORTED);
    const uint32_t twice[] = { 1, 1 }, beyond[] = { 1, 5 }, empty[] = { 2 };
    REFUSED(evcp_set_network_priority(NULL, empty, 1), EVCP_E_INVALID, "NULL");
    REFUSED(evcp_set_network_priority(cp, NULL, 1), EVCP_E_INVALID, "1 to 4");
    REFUSED(evcp_set_network_priority(cp, empty, 0), EVCP_E_INVALID, "1 to 4");
    REFUSED(evcp_set_network_priority(cp, empty, SIZE_MAX), EVCP_E_INVALID, "1 to 4");
    REFUSED(evcp_set_network_priority(cp, twice, 2), EVCP_E_INVALID, "twice");
    REFUSED(evcp_set_network_priority(cp, beyond, 2), EVCP_E_INVALID, "slot is 5");
    REFUSED(evcp_set_network_priority(cp, empty, 1), EVCP_E_INVALID, "would be left");
    /* Of an older library: it ends before what came later. */
    bad = good;
    bad.struct_size = (uint32_t)offsetof(evcp_network_profile_t, auth_key);
    CHECK(evcp_set_network_profile(cp, 2, &bad) == EVCP_OK);
    evcp_free(cp);
}

static void the_settings_of_slot_1_are_a_profile(void)
{
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    evcp_network_profile_t good = way(url);
    evcp_t *cp = NULL;
    evcp_config_t *cfg = config_without_way();
    REFUSED(evcp_new(cfg, &callbacks, NULL, &cp), EVCP_E_INVALID, "evcp_config_set_url");
    CHECK(evcp_config_set_url(cfg, "ws://127.0.0.1:9") == EVCP_OK);
    REFUSED(evcp_new(cfg, &callbacks, NULL, &cp), EVCP_E_INVALID, "evcp_config_set_identity");
    CHECK(evcp_config_set_network_profile(cfg, 1, NULL) == EVCP_OK);
    REFUSED(evcp_new(cfg, &callbacks, NULL, &cp), EVCP_E_INVALID, "evcp_config_set_url");
    CHECK(evcp_config_set_network_profile(cfg, 2, &good) == EVCP_OK);
    CHECK(evcp_config_set(cfg, "network.priority", "3,4") == EVCP_OK);
    REFUSED(evcp_new(cfg, &callbacks, NULL, &cp), EVCP_E_INVALID, "network.priority");
    CHECK(evcp_config_set(cfg, "network.priority", "4,2") == EVCP_OK);
    CHECK(evcp_new(cfg, &callbacks, NULL, &cp) == EVCP_OK);
    evcp_free(cp);
    evcp_config_free(cfg);
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    the_next_profile_has_its_turn_and_the_one_in_use_changes_at_once();
    what_makes_no_sense_is_refused_and_named();
    the_settings_of_slot_1_are_a_profile();
    printf("%d failures\n", failures);
    return failures != 0;
}
