#include "pilot.h"

/* A plug bounces. Longer, and a contactor would open too late: 100 ms are allowed after a vehicle has left. */
#define SETTLES_MS 30

uint32_t pilot_duty(double amps)
{
    if (amps < 6.0)
        return PILOT_OFF;
    if (amps > 80.0)
        amps = 80.0;
    uint32_t tenths = (uint32_t)(amps * 10.0 + 1e-6); /* of an ampere; less rather than more */
    if (tenths <= 510)
        return tenths * 5 / 3;
    return tenths <= 525 ? 850 : 640 + tenths * 2 / 5;
}

double pilot_amps(uint32_t permille)
{
    if (permille < 80 || permille > 970)
        return 0.0; /* 5 % would mean: ask by ISO 15118 */
    if (permille < 100)
        return 6.0;
    if (permille <= 850)
        return permille * 0.06;
    return permille <= 960 ? (permille - 640) * 0.25 : 80.0;
}

/* Each state has a volt up and down; what is between two of them is as it was. */
static enum pilot_state state_of(const struct pilot *pilot, const struct pins *pins)
{
    int32_t high = pins->pilot_high_mv;
    if (pilot->permille == PILOT_BROKEN)
        return PILOT_F;
    if (high >= 11000)
        return PILOT_A;
    /* The vehicle has a diode: without it the pilot is shorted by something that is no vehicle. */
    if (pilot->permille != PILOT_OFF && pins->pilot_low_mv > -11000)
        return PILOT_E;
    if (high >= 8000)
        return high <= 10000 ? PILOT_B : pilot->seen;
    if (high >= 5000)
        return high <= 7000 ? PILOT_C : pilot->seen;
    if (high >= 2000)
        return high <= 4000 ? PILOT_D : pilot->seen;
    return high <= 1000 ? PILOT_E : pilot->seen;
}

ms_t pilot_step(struct pilot *pilot, const struct pins *pins, ms_t now)
{
    enum pilot_state seen = state_of(pilot, pins);
    if (seen != pilot->seen) {
        pilot->seen = seen;
        pilot->since = now;
    }
    if (seen == pilot->state)
        return NEVER;
    if (now - pilot->since < SETTLES_MS)
        return pilot->since + SETTLES_MS;
    pilot->state = seen;
    return NEVER;
}

bool pilot_asks(const struct pilot *pilot)
{
    return pilot->state == PILOT_C && pilot->seen == PILOT_C;
}
