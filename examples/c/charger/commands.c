#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "display.h"

/* The error code with that name, or a number that is none. */
static evcp_error_code_t error_code_of(const char *name)
{
    evcp_error_code_t code = EVCP_ERROR_NO_ERROR;
    while (strcmp(evcp_error_code_name(code), "unknown") && strcmp(evcp_error_code_name(code), name))
        code++;
    return code;
}

static void show_statuses(const struct firmware *firmware)
{
    for (uint32_t i = 1; i <= CONNECTORS; i++) {
        uint32_t status = 0;
        evcp_get_status(firmware->cp, i, &status);
        display_says("status", i, "%s", evcp_status_name(status));
    }
}

/* What is said of the charger as a whole. */
static bool obey_at_large(struct simulated *board, const char *verb, const char *text)
{
    if (strcmp(verb, "quit") == 0)
        board->firmware->over = true;
    else if (strcmp(verb, "status") == 0)
        show_statuses(board->firmware);
    else if (strcmp(verb, "update") == 0)
        firmware_updates(board->firmware);
    else if (strcmp(verb, "estop") == 0)
        board->emergency_stop = strcmp(text, "over") != 0;
    else if (strcmp(verb, "temp") == 0)
        board->temperature_c = atoi(text);
    else if (strcmp(verb, "powerfails") == 0)
        evcp_power_fails(board->firmware->cp);
    else
        return false;
    return true;
}

static void obey(struct simulated *board, const char *line)
{
    struct firmware *firmware = board->firmware;
    char verb[16] = "", first[16] = "", text[64] = "";
    if (sscanf(line, "%15s %15s %63s", verb, first, text) < 1 || obey_at_large(board, verb, first))
        return;
    uint32_t connector = (uint32_t)strtoul(first, NULL, 10);
    if (connector < 1 || connector > CONNECTORS) {
        display_says("?", 0, "plug N, unplug N, tag N ID, button N, fault N CODE, clear N, slow N MS, break N WHAT, "
                             "mend N WHAT, temp C, estop, estop over, powerfails, update, status, quit");
        return;
    }
    evcp_err_t err = EVCP_OK;
    if (strcmp(verb, "plug") == 0 || strcmp(verb, "unplug") == 0)
        simulated_plug(board, connector, verb[0] == 'p');
    else if (strcmp(verb, "tag") == 0)
        err = firmware_card(firmware, connector, text, board->now);
    else if (strcmp(verb, "button") == 0)
        err = firmware_button(firmware, connector);
    else if (strcmp(verb, "fault") == 0)
        err = evcp_set_fault(firmware->cp, connector, error_code_of(text), NULL, NULL);
    else if (strcmp(verb, "clear") == 0)
        connector_repaired(&firmware->connectors[connector - 1], board->now);
    else if (strcmp(verb, "slow") == 0)
        board->outlets[connector - 1].takes = strtoul(text, NULL, 10);
    else if ((strcmp(verb, "break") != 0 && strcmp(verb, "mend") != 0)
             || !simulated_breaks(board, connector, text, verb[0] == 'b'))
        display_says("?", 0, "%s %s", verb, text);
    if (err != EVCP_OK)
        display_says("error", connector, "%s", evcp_last_error());
}

bool commands_read(struct simulated *board, int fd)
{
    static char line[256];
    static size_t length; /* of a line that came in pieces */
    ssize_t got = read(fd, line + length, sizeof line - 1 - length);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    length += (size_t)got;
    line[length] = '\0';
    char *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        obey(board, line);
        length -= (size_t)(end + 1 - line);
        memmove(line, end + 1, length + 1);
    }
    if (length == sizeof line - 1)
        length = 0; /* nobody types that */
    return true;
}
