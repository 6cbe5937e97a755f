/* A charge point boots in virtual time: the test kit is there and works. */
#include <evcp_test.h>
#include <stdio.h>

int main(void)
{
    evcp_t *cp = NULL;
    evcp_test_t *world = evcp_test_new();
    evcp_config_t *cfg = evcp_config_new();
    evcp_config_set_url(cfg, "ws://127.0.0.1:9");
    evcp_config_set_identity(cfg, "CONSUMER");
    evcp_config_set_device(cfg, "evcp", "consumer", NULL, NULL);
    evcp_err_t err = evcp_new(cfg, NULL, NULL, &cp);
    evcp_config_free(cfg);
    if (err == EVCP_OK)
        err = evcp_start(cp);
    evcp_test_advance(world, 0);
    const char *boot = evcp_test_sent_call(world, "BootNotification");
    printf("evcp %s: %s, %s\n", evcp_version(), evcp_strerror(err), boot ? "booted" : "silent");
    evcp_free(cp);
    evcp_test_free(world);
    return boot ? 0 : 1;
}
