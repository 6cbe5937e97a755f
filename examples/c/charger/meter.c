#include "meter.h"

/* Longer than the library waits: what comes late still counts. */
#define BUS_MS 5000
#define EACH_MS 1000

void meter_wanted(struct meter *meter, evcp_t *cp, evcp_req_t req)
{
    for (int i = 0; i < METER_QUESTIONS; i++) {
        struct question *question = &meter->questions[i];
        if (question->req == 0) {
            question->req = req;
            return;
        }
    }
    evcp_answer_meter(cp, req, NULL, 0);
}

ms_t meter_step(struct meter *meter, evcp_t *cp, const struct board *board, uint32_t connector, bool flows, ms_t now)
{
    if (meter->busy && now >= meter->until)
        meter_says(meter, cp, connector, NULL);
    if (meter->busy)
        return meter->until;
    bool ask = flows && now >= meter->next;
    for (int i = 0; i < METER_QUESTIONS; i++) {
        struct question *question = &meter->questions[i];
        question->asked = question->req != 0;
        ask = ask || question->asked;
    }
    if (!ask)
        return flows ? meter->next : NEVER;
    meter->busy = true;
    meter->next = now + EACH_MS;
    meter->until = now + BUS_MS;
    board->ask_meter(board->self, connector);
    return meter->until;
}

void meter_says(struct meter *meter, evcp_t *cp, uint32_t connector, const struct reading *reading)
{
    evcp_sample_t samples[3] = { { 0 } };
    if (reading != NULL) {
        samples[0] = (evcp_sample_t){ .value = reading->wh, .measurand = EVCP_M_ENERGY_IMPORT };
        samples[1] = (evcp_sample_t){ .value = reading->w, .measurand = EVCP_M_POWER_IMPORT };
        samples[2] = (evcp_sample_t){ .value = reading->amps, .measurand = EVCP_M_CURRENT_IMPORT };
        evcp_push_meter(cp, connector, samples, 3);
    }
    meter->busy = false;
    meter->dead = reading == NULL;
    for (int i = 0; i < METER_QUESTIONS; i++) {
        struct question *question = &meter->questions[i];
        if (!question->asked)
            continue;
        /* EVCP_E_EXPIRED: the library has gone on without it, and takes it in all the same. */
        evcp_answer_meter(cp, question->req, samples, reading == NULL ? 0 : 3);
        *question = (struct question){ 0 };
    }
}
