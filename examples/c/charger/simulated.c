#include "simulated.h"

#include <stddef.h>
#include <string.h>

#include "display.h"

#define VOLTS 230.0
#define VEHICLE_AMPS 16.0
#define VEHICLE_MS 50
#define CONTACTOR_MS 20
#define MOTOR_MS 400
#define METER_MS 10

static struct outlet *outlet_of(struct simulated *self, uint32_t connector)
{
    return &self->outlets[connector - 1];
}

static double amps(const struct outlet *outlet)
{
    double offered = pilot_amps(outlet->permille);
    if (outlet->poles == 0 || !outlet->vehicle || !outlet->asks)
        return 0.0;
    return offered < VEHICLE_AMPS ? offered : VEHICLE_AMPS;
}

/* ---- what the firmware sees and does ---- */

static void read_pins(void *ud, uint32_t connector, struct pins *pins)
{
    const struct outlet *outlet = outlet_of(ud, connector);
    int32_t high = outlet->shorted ? 0 : !outlet->vehicle ? 12000 : outlet->asks ? 6000 : 9000;
    int32_t low = outlet->shorted ? 0 : -12000;
    *pins = (struct pins){
        .pilot_high_mv = outlet->permille == PILOT_BROKEN ? -12000 : high,
        .pilot_low_mv = outlet->permille == PILOT_OFF ? high : low,
        .cable = outlet->cable,
        .contactor_closed = outlet->poles != 0,
        .lock_closed = outlet->locked && outlet->motor != MOTOR_OPEN,
        .lock_open = !outlet->locked && outlet->motor != MOTOR_CLOSE,
        .residual_current = outlet->residual_current,
    };
}

static bool emergency_stop(void *ud)
{
    return ((struct simulated *)ud)->emergency_stop;
}

static int32_t temperature_c(void *ud)
{
    return ((struct simulated *)ud)->temperature_c;
}

static void set_contactor(void *ud, uint32_t connector, uint32_t poles)
{
    struct simulated *self = ud;
    struct outlet *outlet = outlet_of(self, connector);
    if (poles == outlet->coils)
        return;
    outlet->coils = poles;
    outlet->moves = self->now + CONTACTOR_MS;
}

static void set_pilot(void *ud, uint32_t connector, uint32_t permille)
{
    struct simulated *self = ud;
    struct outlet *outlet = outlet_of(self, connector);
    if (permille == outlet->permille)
        return;
    outlet->permille = permille;
    outlet->reacts = self->now + VEHICLE_MS;
}

static void set_motor(void *ud, uint32_t connector, enum motor motor)
{
    struct simulated *self = ud;
    struct outlet *outlet = outlet_of(self, connector);
    if (motor == outlet->motor)
        return;
    outlet->motor = motor;
    outlet->arrives = motor == MOTOR_OFF ? NEVER : self->now + MOTOR_MS;
}

static void ask_meter(void *ud, uint32_t connector)
{
    struct simulated *self = ud;
    struct outlet *outlet = outlet_of(self, connector);
    outlet->reads = outlet->silent ? NEVER : self->now + outlet->takes;
}

/* ---- what goes on by itself ---- */

void simulated_begins(struct simulated *self, struct firmware *firmware, ms_t now)
{
    *self = (struct simulated){ .firmware = firmware, .now = now, .temperature_c = 25 };
    self->board = (struct board){
        .self = self,
        .read = read_pins,
        .emergency_stop = emergency_stop,
        .temperature_c = temperature_c,
        .set_contactor = set_contactor,
        .set_pilot = set_pilot,
        .set_motor = set_motor,
        .ask_meter = ask_meter,
    };
    for (uint32_t i = 1; i <= CONNECTORS; i++)
        *outlet_of(self, i) = (struct outlet){
            .wants = true, .permille = PILOT_OFF, .takes = METER_MS,
            .reacts = NEVER, .moves = NEVER, .arrives = NEVER, .reads = NEVER,
        };
}

static bool is_due(ms_t *at, ms_t now)
{
    if (now < *at)
        return false;
    *at = NEVER;
    return true;
}

static void outlet_step(struct simulated *self, uint32_t connector, ms_t now)
{
    struct outlet *outlet = outlet_of(self, connector);
    outlet->wh += VOLTS * outlet->poles * amps(outlet) * (double)(now - self->now) / 3.6e6;
    if (is_due(&outlet->moves, now) && !outlet->welded)
        outlet->poles = outlet->dead ? 0 : outlet->coils;
    if (is_due(&outlet->reacts, now))
        outlet->asks = outlet->wants && pilot_amps(outlet->permille) > 0.0;
    if (is_due(&outlet->arrives, now) && !outlet->stuck) {
        outlet->locked = outlet->motor == MOTOR_CLOSE;
        outlet->motor = MOTOR_OFF;
    }
    if (outlet->leaving && !outlet->locked && outlet->motor != MOTOR_CLOSE)
        outlet->cable = outlet->leaving = false;
    if (is_due(&outlet->reads, now)) {
        double each = amps(outlet);
        struct reading reading = { outlet->wh, VOLTS * outlet->poles * each, each };
        firmware_metered(self->firmware, connector, &reading);
    }
}

void simulated_step(struct simulated *self, ms_t now)
{
    for (uint32_t i = 1; i <= CONNECTORS; i++)
        outlet_step(self, i, now);
    self->now = now;
}

ms_t simulated_next(const struct simulated *self)
{
    ms_t next = NEVER;
    for (uint32_t i = 0; i < CONNECTORS; i++) {
        const struct outlet *outlet = &self->outlets[i];
        next = sooner(next, sooner(sooner(outlet->moves, outlet->reacts), sooner(outlet->arrives, outlet->reads)));
    }
    return next;
}

/* ---- what people do ---- */

void simulated_plug(struct simulated *self, uint32_t connector, bool plugged)
{
    struct outlet *outlet = outlet_of(self, connector);
    outlet->vehicle = plugged;
    outlet->asks = false;
    outlet->cable = outlet->cable || plugged;
    outlet->leaving = !plugged;
    outlet->reacts = self->now + VEHICLE_MS;
    display_says("cable", connector, plugged ? "plugged in" : "pulled out");
    simulated_step(self, self->now);
}

bool simulated_breaks(struct simulated *self, uint32_t connector, const char *what, bool broken)
{
    struct outlet *outlet = outlet_of(self, connector);
    if (strcmp(what, "rcd") == 0)
        outlet->residual_current = broken;
    else if (strcmp(what, "weld") == 0) {
        outlet->welded = broken;
        outlet->moves = self->now + CONTACTOR_MS;
    } else if (strcmp(what, "nocontact") == 0) {
        outlet->dead = broken;
        outlet->moves = self->now + CONTACTOR_MS;
    } else if (strcmp(what, "stick") == 0)
        outlet->stuck = broken;
    else if (strcmp(what, "short") == 0)
        outlet->shorted = broken;
    else if (strcmp(what, "dead") == 0)
        outlet->silent = broken;
    else if (strcmp(what, "full") == 0) {
        outlet->wants = !broken;
        outlet->reacts = self->now + VEHICLE_MS;
    } else
        return false;
    return true;
}
