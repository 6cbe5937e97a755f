#include "connector.h"

#include <stddef.h>

#include "display.h"

/* Between one phase and three a vehicle wants to be left alone. */
#define SWITCHES_MS 5000
/* How often it looks whether there is enough again. */
#define LOOKS_MS 1000

/* What may be wrong, but for contactor and lock, whose feedback the library watches. Faults stop a session for as
 * long as they last, warnings are for the technician alone. */
static const struct trouble {
    evcp_error_code_t code;
    bool warning;
    const char *info;
} TROUBLES[] = {
    { EVCP_ERROR_GROUND_FAILURE, false, "residual current" },
    { EVCP_ERROR_HIGH_TEMPERATURE, false, "temperature" },
    { EVCP_ERROR_EV_COMMUNICATION_ERROR, true, "control pilot" },
    { EVCP_ERROR_POWER_METER_FAILURE, true, "meter" }, /* a fault, where what cannot be billed is not sold */
};
enum { GROUND, TEMPERATURE, COMMUNICATION, METER, HOW_MANY };

void connector_begins(struct connector *self, uint32_t number, const struct board *board)
{
    struct pins pins;
    board->read(board->self, number, &pins);
    *self = (struct connector){ .number = number, .board = board };
    self->pilot.permille = PILOT_OFF;
    /* The lock stays where it is until the library has said what goes on. */
    self->lock.close = pins.lock_closed;
    self->lock.state = pins.lock_closed ? LOCK_CLOSED : LOCK_OPEN;
}

/* How many poles may be closed: one, where the contactor has no two. */
static uint32_t poles_of(const evcp_supply_t *supply)
{
    return supply->phases == 0 || supply->phases >= 3 ? 3 : 1;
}

static uint32_t troubles(const struct connector *self)
{
    return (uint32_t)self->tripped << GROUND
        | (uint32_t)(self->heat == HEAT_FAULT) << TEMPERATURE
        | (uint32_t)(self->pilot.state == PILOT_E) << COMMUNICATION
        | (uint32_t)self->meter.dead << METER;
}

/* Whether what may be drawn is too little for a pilot to signal. While the charger pauses for that the command is
 * off, and the schedule says what it would be. */
static const char TOO_LITTLE[] = "less than 6 A";

static bool is_too_little(const struct connector *self)
{
    evcp_period_t period = { 0 };
    size_t count = 1;
    if (self->supply.permit)
        return self->supply.amps < 6.0;
    return self->pause == TOO_LITTLE
        && evcp_get_schedule(self->cp, self->number, 1, EVCP_AMPS, &period, sizeof period, &count, NULL) == EVCP_OK
        && count == 1 && period.limit < 6.0;
}

/* Why there is no energy, though nothing is broken; NULL: there is. */
static const char *pause_of(const struct connector *self, ms_t now)
{
    if (self->little)
        return TOO_LITTLE;
    if (self->heat == HEAT_HOT)
        return "too hot";
    if (self->pilot.state == PILOT_D)
        return "no ventilation here";
    if (self->pilot.state == PILOT_E)
        return "control pilot";
    return now < self->switches ? "switch of phases" : NULL;
}

static bool is_sound(const struct connector *self)
{
    return !self->stopped && !self->tripped && !contactor_is_broken(&self->contactor) && self->heat < HEAT_HOT;
}

/* Whether the vehicle may be told that there is energy: not before the lock is closed. */
static bool offers(const struct connector *self, ms_t now)
{
    bool locked = !self->supply.lock || self->lock.state == LOCK_CLOSED;
    return self->supply.permit && is_sound(self) && locked && pause_of(self, now) == NULL;
}

static uint32_t duty(const struct connector *self, ms_t now)
{
    /* State F says that the charger is broken. While it says so the vehicle cannot be seen. */
    if (self->stopped || self->tripped || contactor_is_broken(&self->contactor) || self->heat == HEAT_FAULT)
        return PILOT_BROKEN;
    return offers(self, now) ? pilot_duty(heat_derates(self->heat, self->supply.amps)) : PILOT_OFF;
}

static void signal_duty(struct connector *self, uint32_t permille)
{
    bool offered = permille != PILOT_OFF && permille != PILOT_BROKEN;
    self->has_taken = offered && (self->has_taken || pilot_asks(&self->pilot));
    self->board->set_pilot(self->board->self, self->number, permille);
    if (permille == self->pilot.permille)
        return;
    self->pilot.permille = permille;
    if (offered)
        display_says("pilot", self->number, "%.1f A", pilot_amps(permille));
    else
        display_says("pilot", self->number, permille == PILOT_OFF ? "no current" : "out of order");
}

/* A to F as the library has them. What cannot be seen, or has not settled, is as it was. */
static evcp_ev_t vehicle(const struct connector *self, const struct pins *pins)
{
    if (self->pilot.seen != self->pilot.state)
        return self->ev;
    switch (self->pilot.state) {
    case PILOT_A:
        return pins->cable ? EVCP_EV_CABLE : EVCP_EV_ABSENT;
    case PILOT_B:
        return self->has_taken ? EVCP_EV_SUSPENDED : EVCP_EV_PLUGGED;
    case PILOT_C:
    case PILOT_D:
        return EVCP_EV_CHARGING;
    default:
        return self->ev;
    }
}

static void check(const struct connector *self, evcp_err_t err)
{
    if (err != EVCP_OK)
        display_says("error", self->number, "%s", evcp_last_error());
}

/* What contactor and lock do, by their contacts: at the start, and each time that it changes. */
static void tell_feedback(struct connector *self, const struct pins *pins)
{
    uint32_t feedback = 1u | (uint32_t)pins->contactor_closed << 1 | (uint32_t)pins->lock_closed << 2;
    if (feedback == self->feedback)
        return;
    self->feedback = feedback;
    check(self, evcp_set_contactor(self->cp, self->number, pins->contactor_closed));
    check(self, evcp_set_lock(self->cp, self->number, pins->lock_closed));
}

static void tell(struct connector *self, const struct pins *pins, ms_t now)
{
    tell_feedback(self, pins);
    uint32_t faults = troubles(self), changed = faults ^ self->faults;
    self->faults = faults;
    for (int i = 0; i < HOW_MANY; i++) {
        const struct trouble *it = &TROUBLES[i];
        if ((changed >> i & 1) == 0)
            continue;
        display_says("trouble", self->number, "%s: %s", it->info, faults >> i & 1 ? "out of order" : "works again");
        if ((faults >> i & 1) == 0)
            check(self, (it->warning ? evcp_clear_warning : evcp_clear_fault)(self->cp, self->number, it->code));
        else
            check(self, (it->warning ? evcp_set_warning : evcp_set_fault)(self->cp, self->number, it->code, it->info,
                                                                          NULL));
    }
    const char *pause = pause_of(self, now);
    if (pause != self->pause) {
        self->pause = pause;
        check(self, evcp_set_evse_ready(self->cp, self->number, pause == NULL, pause));
    }
    evcp_ev_t ev = vehicle(self, pins);
    if (ev != self->ev) {
        self->ev = ev;
        display_says("vehicle", self->number, "%s", evcp_ev_name(ev));
        check(self, evcp_set_ev(self->cp, self->number, ev));
    }
}

static void answer_unlock(struct connector *self)
{
    bool open = self->lock.state == LOCK_OPEN;
    bool failed = self->lock.state == LOCK_STUCK || self->contactor.state == CONTACTOR_WELDED;
    if (self->unlock == 0 || (!open && !failed))
        return;
    if (evcp_answer(self->cp, self->unlock, open ? EVCP_ACCEPTED : EVCP_FAILED) != EVCP_OK)
        display_says("unlock", self->number, "too late");
    self->unlock = 0;
}

ms_t connector_step(struct connector *self, ms_t now)
{
    const struct board *board = self->board;
    struct pins pins;
    board->read(board->self, self->number, &pins);
    ms_t next = pilot_step(&self->pilot, &pins, now);
    self->tripped = self->tripped || pins.residual_current;
    self->heat = heat_step(self->heat, board->temperature_c(board->self));

    self->little = is_too_little(self);
    if (self->little)
        next = sooner(next, now + LOOKS_MS);

    /* The contactor first, whatever else there is to do. */
    uint32_t wanted = poles_of(&self->supply);
    bool other = self->contactor.poles != 0 && self->contactor.poles != wanted;
    if (other && offers(self, now))
        self->switches = now + SWITCHES_MS;
    bool close = offers(self, now) && pilot_asks(&self->pilot) && duty(self, now) != PILOT_OFF;
    enum contactor_state contactor = self->contactor.state;
    next = sooner(next, contactor_step(&self->contactor, close ? wanted : 0, pins.contactor_closed, now));
    board->set_contactor(board->self, self->number, self->contactor.poles);
    if (contactor != self->contactor.state && self->contactor.state == CONTACTOR_CLOSED)
        display_says("contactor", self->number, "closed, energy flows%s", wanted == 1 ? ", one phase" : "");
    if (contactor != self->contactor.state && contactor_is_open(&self->contactor))
        display_says("contactor", self->number, "open");

    /* The cable is kept while anything flows, and the vehicle is told. */
    bool keep = (self->supply.lock && self->unlock == 0) || !contactor_is_open(&self->contactor);
    if (self->supply.struct_size == 0)
        keep = self->lock.close;
    enum lock_state lock = self->lock.state;
    next = sooner(next, lock_step(&self->lock, keep, &pins, now));
    if (lock != self->lock.state && lock_motor(&self->lock) == MOTOR_OFF)
        display_says("lock", self->number, lock_name(self->lock.state));
    board->set_motor(board->self, self->number, lock_motor(&self->lock));
    signal_duty(self, duty(self, now));

    bool flows = !contactor_is_open(&self->contactor) && !contactor_is_broken(&self->contactor);
    next = sooner(next, meter_step(&self->meter, self->cp, board, self->number, flows, now));
    answer_unlock(self);
    tell(self, &pins, now);
    return now < self->switches ? sooner(next, self->switches) : next;
}

void connector_obeys(struct connector *self, const evcp_supply_t *supply, ms_t now)
{
    self->supply = *supply;
    connector_step(self, now);
}

void connector_unlocks(struct connector *self, evcp_req_t req, ms_t now)
{
    if (self->unlock != 0)
        evcp_answer(self->cp, req, EVCP_FAILED); /* the motor runs already */
    else {
        self->unlock = req;
        display_says("lock", self->number, "motor runs");
        lock_again(&self->lock, now);
        connector_step(self, now);
    }
}

void connector_repaired(struct connector *self, ms_t now)
{
    evcp_set_fault(self->cp, self->number, EVCP_ERROR_NO_ERROR, NULL, NULL);
    self->faults &= 1u << COMMUNICATION | 1u << METER; /* faults that are still there are told again */
    self->tripped = false;
    if (self->lock.state == LOCK_STUCK)
        lock_again(&self->lock, now);
    connector_step(self, now);
}
