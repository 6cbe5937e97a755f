#include "firmware.h"

#include <inttypes.h>
#include <stddef.h>

#include "display.h"

static struct connector *connector_of(struct firmware *self, uint32_t number)
{
    return &self->connectors[number - 1];
}

/* ---- what the library wants ---- */

static void on_supply(void *ud, uint32_t connector, const evcp_supply_t *supply)
{
    struct firmware *self = ud;
    connector_obeys(connector_of(self, connector), supply, self->now);
}

static void on_unlock(void *ud, uint32_t connector, evcp_req_t req)
{
    struct firmware *self = ud;
    connector_unlocks(connector_of(self, connector), req, self->now);
}

static void on_meter_read(void *ud, uint32_t connector, uint32_t context, evcp_req_t req)
{
    struct firmware *self = ud;
    (void)context; /* for the end of a session it is asked when the contactor is open: nothing flows unbilled */
    if (connector == 0)
        evcp_answer_meter(self->cp, req, NULL, 0); /* there is no main meter */
    else
        meter_wanted(&connector_of(self, connector)->meter, self->cp, req);
}

static void on_reset(void *ud, bool hard, evcp_req_t req)
{
    struct firmware *self = ud;
    display_says("reset", 0, hard ? "hard" : "soft");
    evcp_answer(self->cp, req, EVCP_ACCEPTED);
}

static void on_reboot(void *ud, bool hard)
{
    struct firmware *self = ud;
    display_says("reboot", 0, "the %s would restart now", hard ? "device" : "application");
    self->over = true;
}

static void on_fatal(void *ud, evcp_err_t err, const char *detail)
{
    struct firmware *self = ud;
    display_says("FATAL", 0, "%s: %s", evcp_strerror(err), detail);
    self->over = true;
    for (uint32_t i = 0; i < CONNECTORS; i++) {
        self->connectors[i].stopped = true; /* supply nothing */
        connector_step(&self->connectors[i], self->now);
    }
}

/* ---- what people may want to know ---- */

static void on_connection(void *ud, const evcp_connection_info_t *link)
{
    (void)ud;
    display_says("link", 0, "%s%s%s", evcp_connection_name(link->state), link->detail[0] ? ": " : "", link->detail);
}

static void on_boot(void *ud, const evcp_boot_info_t *boot)
{
    (void)ud;
    display_says("boot", 0, "%s", evcp_boot_name(boot->status));
}

static void on_auth(void *ud, const evcp_auth_info_t *auth)
{
    (void)ud;
    bool plain = auth->why == EVCP_WHY_NONE;
    display_says("tag", auth->reader, "%s %s %s: %s", auth->tag, plain ? "to" : "cannot",
                 evcp_for_name(auth->purpose), plain ? evcp_auth_name(auth->status) : evcp_why_name(auth->why));
}

static void on_timeout(void *ud, const evcp_timeout_info_t *timeout)
{
    (void)ud;
    display_says("time over", timeout->connector, "%s", timeout->tag);
}

static void on_status(void *ud, const evcp_status_info_t *now)
{
    (void)ud;
    bool sound = now->error_code == EVCP_ERROR_NO_ERROR;
    display_says("status", now->connector, "%s%s%s", evcp_status_name(now->status), sound ? "" : ": ",
                 sound ? "" : evcp_error_code_name(now->error_code));
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    (void)ud;
    switch (tx->change) {
    case EVCP_TX_STARTED:
        display_says("transaction", tx->connector, "started by %s at %.0f Wh", tx->tag, tx->meter_start_wh);
        break;
    case EVCP_TX_CONFIRMED: /* possibly long after it was stopped */
        display_says("transaction", tx->connector, "has id %s", tx->ocpp_id_text);
        break;
    case EVCP_TX_STOPPED:
        display_says("transaction", tx->connector, "stopped (%s) at %.0f Wh", evcp_reason_name(tx->reason),
                     tx->meter_stop_wh);
        break;
    default:
        display_says("transaction", tx->connector, "%s", evcp_tx_change_name(tx->change));
    }
}

static void on_storage(void *ud, const evcp_storage_info_t *storage)
{
    (void)ud;
    display_says("storage", 0, "%s%s%s", evcp_storage_name(storage->state), storage->detail[0] ? ": " : "",
                 storage->detail);
}

/* ---- what happens at the charger ---- */

void firmware_begins(struct firmware *self, const struct board *board, ms_t now)
{
    *self = (struct firmware){ .board = board, .now = now };
    for (uint32_t i = 0; i < CONNECTORS; i++)
        connector_begins(&self->connectors[i], i + 1, board);
}

evcp_err_t firmware_configures(evcp_config_t *cfg)
{
    evcp_err_t err = evcp_config_set_device(cfg, "evcp", "charger.c", "0001", "1.0");
    if (err == EVCP_OK)
        err = evcp_config_set_connectors(cfg, CONNECTORS);
    if (err == EVCP_OK)
        err = evcp_config_set(cfg, "meter.measurands", "Power.Active.Import,Current.Import");
    /* The coils of two phases can stay open. */
    if (err == EVCP_OK)
        err = evcp_config_set(cfg, "ConnectorSwitch3to1PhaseSupported", "true");
    for (uint32_t i = 1; err == EVCP_OK && i <= CONNECTORS; i++)
        err = evcp_config_set_limit(cfg, i, 3, 32);
    for (uint32_t i = 1; err == EVCP_OK && i <= CONNECTORS; i++)
        err = evcp_config_set_feedback(cfg, i, EVCP_FEEDBACK_CONTACTOR | EVCP_FEEDBACK_LOCK);
    return err;
}

evcp_callbacks_t firmware_callbacks(void)
{
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_supply = on_supply;
    callbacks.on_unlock = on_unlock;
    callbacks.on_reset = on_reset;
    callbacks.on_meter_read = on_meter_read;
    callbacks.on_connection = on_connection;
    callbacks.on_boot = on_boot;
    callbacks.on_auth = on_auth;
    callbacks.on_timeout = on_timeout;
    callbacks.on_status = on_status;
    callbacks.on_tx = on_tx;
    callbacks.on_storage = on_storage;
    callbacks.on_reboot = on_reboot;
    callbacks.on_fatal = on_fatal;
    return callbacks;
}

void firmware_has(struct firmware *self, evcp_t *cp)
{
    self->cp = cp;
    for (uint32_t i = 0; i < CONNECTORS; i++)
        self->connectors[i].cp = cp;
    evcp_set_operative(cp, 0, true); /* an update took it out of service, which survives a restart */
}

void firmware_updates(struct firmware *self)
{
    self->updates = true;
    evcp_set_operative(self->cp, 0, false);
}

static bool anybody_charges(const struct firmware *self)
{
    evcp_tx_t tx = 0;
    for (uint32_t i = 1; i <= CONNECTORS && tx == 0; i++)
        evcp_get_tx(self->cp, i, &tx);
    return tx != 0;
}

/* The emergency stop: the contactors first, then the words. */
static void obey_emergency_stop(struct firmware *self)
{
    bool pressed = self->board->emergency_stop(self->board->self);
    if (pressed == self->stopped)
        return;
    self->stopped = pressed;
    for (uint32_t i = 0; i < CONNECTORS; i++) {
        self->connectors[i].stopped = pressed || self->over;
        connector_step(&self->connectors[i], self->now);
    }
    display_says("emergency", 0, pressed ? "stop" : "is over");
    if (!pressed) {
        evcp_clear_fault(self->cp, 0, EVCP_ERROR_OTHER_ERROR);
        return;
    }
    for (uint32_t i = 1; i <= CONNECTORS; i++)
        evcp_stop_tx(self->cp, i, EVCP_REASON_EMERGENCY_STOP);
    evcp_set_fault(self->cp, 0, EVCP_ERROR_OTHER_ERROR, "emergency stop", NULL);
}

ms_t firmware_step(struct firmware *self, ms_t now)
{
    ms_t next = NEVER;
    self->now = now;
    obey_emergency_stop(self);
    evcp_dispatch(self->cp, 0);
    for (uint32_t i = 0; i < CONNECTORS; i++)
        next = sooner(next, connector_step(&self->connectors[i], now));
    if (self->updates && !anybody_charges(self))
        self->over = true;
    return next;
}

void firmware_metered(struct firmware *self, uint32_t connector, const struct reading *reading)
{
    meter_says(&connector_of(self, connector)->meter, self->cp, connector, reading);
}

evcp_err_t firmware_card(struct firmware *self, uint32_t connector, const char *tag, ms_t now)
{
    if (!reader_sees(&self->readers[connector - 1], tag, now))
        return EVCP_OK;
    return evcp_present_tag(self->cp, connector, tag);
}

evcp_err_t firmware_button(struct firmware *self, uint32_t connector)
{
    evcp_tx_t tx = 0;
    evcp_get_tx(self->cp, connector, &tx);
    return tx != 0 ? evcp_stop_tx(self->cp, connector, EVCP_REASON_LOCAL) : evcp_cancel(self->cp, connector);
}
