/* Starts a charge point that has no network, and stops it: the library is there and works. */
#include <evcp.h>
#include <stdio.h>

int main(void)
{
    evcp_t *cp = NULL;
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    evcp_config_t *cfg = evcp_config_new();
    evcp_config_set_url(cfg, "ws://127.0.0.1:9");
    evcp_config_set_identity(cfg, "CONSUMER");
    evcp_config_set_device(cfg, "evcp", "consumer", NULL, NULL);
    evcp_err_t err = evcp_new(cfg, &callbacks, NULL, &cp);
    evcp_config_free(cfg);
    if (err == EVCP_OK)
        err = evcp_set_network(cp, false);
    if (err == EVCP_OK)
        err = evcp_start(cp);
    printf("evcp %s: %s\n", evcp_version(), evcp_strerror(err));
    evcp_free(cp);
    return err == EVCP_OK ? 0 : 1;
}
