/* Links evcp beside its own SQLite (SQLITE), beside a library in Rust (RUST), or both, and uses all of them.
 * usage: firmware DIRECTORY */
#include <evcp.h>
#include <stdint.h>
#include <stdio.h>

#ifdef SQLITE
const char *sqlite3_libversion(void);
#endif
#ifdef RUST
uint32_t neighbour_squares(uint32_t count);
#endif

static evcp_err_t start_and_stop(const char *directory)
{
    evcp_t *cp = NULL;
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    evcp_config_t *cfg = evcp_config_new();
    evcp_config_set_url(cfg, "ws://127.0.0.1:9");
    evcp_config_set_identity(cfg, "NEIGHBOURS");
    evcp_config_set_device(cfg, "evcp", "neighbours", NULL, NULL);
    evcp_config_set_storage(cfg, directory);
    evcp_err_t err = evcp_new(cfg, &callbacks, NULL, &cp);
    evcp_config_free(cfg);
    if (err == EVCP_OK)
        err = evcp_set_network(cp, false);
    if (err == EVCP_OK)
        err = evcp_start(cp);
    if (err == EVCP_OK)
        err = evcp_stop(cp, 10000);
    evcp_free(cp);
    return err;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    printf("evcp: %s\n", evcp_strerror(start_and_stop(argv[1])));
#ifdef SQLITE
    printf("sqlite: %s\n", sqlite3_libversion());
#endif
#ifdef RUST
    printf("rust: %u\n", (unsigned)neighbour_squares(4));
#endif
    printf("evcp: %s\n", evcp_strerror(start_and_stop(argv[1])));
    return 0;
}
