/* A firmware to copy: two sockets with contactor, lock, pilot, meter and reader, on one thread with one poll().
 *
 *   firmware.c   the library's callbacks, and what happens at the charger: begin here
 *   connector.c  one connector: pins to facts, commands to coils, and what is dangerous
 *   pilot.c contactor.c lock.c meter.c reader.c heat.c   its parts, each for itself
 *   board.h      what the firmware needs of a board: for a real one write this
 *   simulated.c commands.c   a board without hardware, and the people in front of it
 *
 * usage: charger [--url URL] [--id NAME] [--state-dir DIR] [--profile N] [--key TEXT] [--ca FILE] [--KEY VALUE]
 *
 * stdin: plug N, unplug N, tag N ID, fault N CODE, clear N, status, quit, and more: an empty N lists them */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

static ms_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (ms_t)now.tv_sec * 1000 + (ms_t)now.tv_nsec / 1000000;
}

static void on_log(void *ud, const evcp_log_line_t *line)
{
    (void)ud;
    fprintf(stderr, "%s: %s\n", line->target, line->text);
}

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

static evcp_err_t start(struct firmware *self, int argc, char **argv)
{
    evcp_callbacks_t callbacks = firmware_callbacks();
    evcp_config_t *cfg = evcp_config_new();
    evcp_t *cp = NULL;
    evcp_err_t err = evcp_config_set_url(cfg, "ws://127.0.0.1:9000");
    if (err == EVCP_OK)
        err = evcp_config_set_identity(cfg, "CHARGER");
    if (err == EVCP_OK)
        err = firmware_configures(cfg);
    for (int i = 1; err == EVCP_OK && i < argc; i += 2)
        err = i + 1 < argc ? option(cfg, argv[i], argv[i + 1]) : EVCP_E_INVALID;
    if (err == EVCP_OK)
        err = evcp_new(cfg, &callbacks, self, &cp);
    evcp_config_free(cfg);
    if (err != EVCP_OK)
        return err;
    firmware_has(self, cp);
    return evcp_start(cp);
}

static int timeout(ms_t now, ms_t next)
{
    if (next == NEVER)
        return -1;
    ms_t left = next > now ? next - now : 0;
    return left < 60000 ? (int)left : 60000;
}

int main(int argc, char **argv)
{
    struct firmware firmware;
    struct simulated board;
    simulated_begins(&board, &firmware, clock_ms());
    firmware_begins(&firmware, &board.board, clock_ms());

    evcp_set_log(EVCP_LOG_WARN, on_log, NULL);
    evcp_err_t err = start(&firmware, argc, argv);
    if (err != EVCP_OK) {
        fprintf(stderr, "charger: %s: %s\n", evcp_strerror(err), evcp_last_error());
        evcp_free(firmware.cp);
        return 1;
    }

    struct pollfd fds[] = {
        { .fd = evcp_fd(firmware.cp), .events = POLLIN },
        { .fd = STDIN_FILENO, .events = POLLIN }, /* of a real board: what it interrupts with */
    };
    while (!firmware.over) {
        ms_t now = clock_ms();
        simulated_step(&board, now);
        ms_t next = firmware_step(&firmware, now);
        next = sooner(next, simulated_next(&board));
        if (firmware.over || poll(fds, 2, timeout(now, next)) <= 0 || fds[1].revents == 0)
            continue;
        simulated_step(&board, clock_ms());
        if (!commands_read(&board, STDIN_FILENO))
            firmware.over = true;
    }

    evcp_stop(firmware.cp, 2000);
    evcp_dispatch(firmware.cp, 0);
    evcp_free(firmware.cp);
    evcp_set_log(0, NULL, NULL);
    return 0;
}
