#include "heat.h"

static const int32_t BEGINS_C[] = { [HEAT_WARM] = 60, [HEAT_HOT] = 75, [HEAT_FAULT] = 90 };
#define HYSTERESIS_C 5

enum heat heat_step(enum heat before, int32_t temperature_c)
{
    enum heat heat = before;
    while (heat < HEAT_FAULT && temperature_c >= BEGINS_C[heat + 1])
        heat++;
    while (heat > HEAT_NONE && temperature_c < BEGINS_C[heat] - HYSTERESIS_C)
        heat--;
    return heat;
}

double heat_derates(enum heat heat, double amps)
{
    if (heat != HEAT_WARM || amps < 6.0)
        return amps;
    return amps / 2.0 < 6.0 ? 6.0 : amps / 2.0; /* less cannot be signalled */
}
