/* Feedback of contactor and lock as a firmware sees it. usage: feedback URL-OF-A-CENTRAL-SYSTEM */
#include "harness.h"

/* What a test's charge point has told. */
struct board {
    evcp_t *cp;
    bool obeys; /* contactor and lock do at once what they are told, and say so */
    bool lock, permit;
    int started, stopped;
    uint32_t status, error;
    double wh;
    double stop_wh;
    evcp_err_t inside;
};

static void on_supply(void *ud, uint32_t connector, const evcp_supply_t *supply)
{
    struct board *board = ud;
    board->lock = supply->lock;
    board->permit = supply->permit;
    if (board->obeys) {
        board->inside = evcp_set_lock(board->cp, connector, supply->lock);
        CHECK(evcp_set_contactor(board->cp, connector, supply->permit) == EVCP_OK);
    }
}

static void on_status(void *ud, const evcp_status_info_t *now)
{
    struct board *board = ud;
    if (now->connector == 1) {
        board->status = now->status;
        board->error = now->error_code;
    }
}

static void on_tx(void *ud, const evcp_tx_info_t *tx)
{
    struct board *board = ud;
    board->started += tx->change == EVCP_TX_STARTED;
    if (tx->change == EVCP_TX_STOPPED) {
        board->stopped++;
        board->stop_wh = (double)tx->meter_stop_wh;
    }
}

static void on_meter_read(void *ud, uint32_t connector, uint32_t context, evcp_req_t req)
{
    struct board *board = ud;
    evcp_sample_t sample = { .value = board->wh, .measurand = EVCP_M_ENERGY_IMPORT };
    (void)connector, (void)context;
    evcp_answer_meter(board->cp, req, &sample, 1);
}

static evcp_config_t *config_for_anyone(const char *id)
{
    evcp_config_t *cfg = config(id);
    CHECK(evcp_config_set(cfg, "AllowOfflineTxForUnknownId", "true") == EVCP_OK);
    CHECK(evcp_config_set(cfg, "boot.charge_before_accepted", "true") == EVCP_OK);
    return cfg;
}

static evcp_t *make(struct board *board, const char *id, const char *lock_s, const char *contactor_s)
{
    evcp_config_t *cfg = config_for_anyone(id);
    evcp_callbacks_t callbacks = EVCP_CALLBACKS_INIT;
    callbacks.on_supply = on_supply;
    callbacks.on_status = on_status;
    callbacks.on_tx = on_tx;
    callbacks.on_meter_read = on_meter_read;
    CHECK(evcp_config_set_feedback(cfg, 1, EVCP_FEEDBACK_CONTACTOR | EVCP_FEEDBACK_LOCK) == EVCP_OK);
    CHECK(evcp_config_set(cfg, "lock.timeout_s", lock_s) == EVCP_OK);
    CHECK(evcp_config_set(cfg, "contactor.timeout_s", contactor_s) == EVCP_OK);
    board->cp = made(cfg, &callbacks, board);
    CHECK(evcp_start(board->cp) == EVCP_OK);
    return board->cp;
}

static void what_is_no_feedback_is_refused_and_says_why(void)
{
    evcp_config_t *cfg = config_for_anyone("REFUSED");
    evcp_t *cp = NULL;
    CHECK(evcp_config_set_feedback(NULL, 1, 0) == EVCP_E_INVALID);
    CHECK(evcp_config_set_feedback(cfg, 0, EVCP_FEEDBACK_LOCK) == EVCP_E_INVALID);
    REFUSED(evcp_config_set_feedback(cfg, 2, EVCP_FEEDBACK_LOCK), EVCP_E_INVALID, "connector 2");
    REFUSED(evcp_config_set_feedback(cfg, 1, 4), EVCP_E_INVALID, "EVCP_FEEDBACK_CONTACTOR");
    CHECK(evcp_config_set(cfg, "lock.timeout_s", "0") == EVCP_E_INVALID);
    CHECK(evcp_config_set(cfg, "contactor.timeout_s", "-1") == EVCP_E_INVALID);
    /* A fixed cable has no lock, whichever is said first. */
    CHECK(evcp_config_set_lockable(cfg, 1, false) == EVCP_OK);
    REFUSED(evcp_config_set_feedback(cfg, 1, EVCP_FEEDBACK_LOCK), EVCP_E_INVALID, "fixed cable");
    CHECK(evcp_config_set_lockable(cfg, 1, true) == EVCP_OK);
    CHECK(evcp_config_set_feedback(cfg, 1, EVCP_FEEDBACK_LOCK) == EVCP_OK);
    CHECK(evcp_config_set_lockable(cfg, 1, false) == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_E_INVALID && cp == NULL);
    CHECK(strstr(evcp_last_error(), "evcp_config_set_feedback()"));
    /* What was not declared. */
    CHECK(evcp_config_set_feedback(cfg, 1, EVCP_FEEDBACK_CONTACTOR) == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_OK);
    REFUSED(evcp_set_lock(cp, 1, true), EVCP_E_STATE, "evcp_config_set_feedback()");
    CHECK(evcp_set_contactor(cp, 1, false) == EVCP_OK);
    CHECK(evcp_set_contactor(cp, 0, false) == EVCP_E_INVALID);
    CHECK(evcp_set_contactor(cp, 2, false) == EVCP_E_INVALID);
    CHECK(evcp_set_lock(cp, 9, false) == EVCP_E_INVALID);
    CHECK(evcp_set_contactor(NULL, 1, false) == EVCP_E_INVALID);
    CHECK(evcp_set_lock(NULL, 1, false) == EVCP_E_INVALID);
    evcp_free(cp);
    /* Nothing again. */
    CHECK(evcp_config_set_feedback(cfg, 1, 0) == EVCP_OK);
    CHECK(evcp_new(cfg, NULL, NULL, &cp) == EVCP_OK);
    CHECK(evcp_set_contactor(cp, 1, false) == EVCP_E_STATE);
    CHECK(evcp_stop(cp, 5000) == EVCP_OK);
    CHECK(evcp_set_contactor(cp, 1, false) == EVCP_E_STATE);
    evcp_free(cp);
    evcp_config_free(cfg);
}

static void a_board_that_obeys_charges_and_its_last_reading_is_that_of_the_open_contactor(void)
{
    struct board board = { .obeys = true, .wh = 1000 };
    evcp_t *cp = make(&board, "OBEYS", "30", "30");
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_start_tx(cp, 1, "CAFE01", 0) == EVCP_OK);
    UNTIL(cp, board.status == EVCP_STATUS_CHARGING);
    CHECK(board.lock && board.permit && board.started == 1 && board.inside == EVCP_OK);
    board.wh = 1500;
    CHECK(evcp_stop_tx(cp, 1, EVCP_REASON_LOCAL) == EVCP_OK);
    UNTIL(cp, board.stopped == 1 && !board.lock);
    CHECK(board.stop_wh == 1500);
    CHECK(evcp_stop(cp, 5000) == EVCP_OK);
    CHECK(evcp_set_lock(cp, 1, false) == EVCP_E_CLOSED);
    CHECK(evcp_set_contactor(cp, 1, false) == EVCP_E_CLOSED);
    evcp_free(cp);
}

static void a_lock_that_opens_takes_energy_away_in_the_call_that_says_so(void)
{
    struct board board = { 0 };
    evcp_supply_t supply = EVCP_SUPPLY_INIT;
    evcp_t *cp = make(&board, "LOCK", "0.2", "30");
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_PLUGGED) == EVCP_OK);
    CHECK(evcp_start_tx(cp, 1, "CAFE01", 0) == EVCP_OK);
    UNTIL(cp, board.lock);
    CHECK(board.started == 0 && !board.permit);
    UNTIL(cp, board.error == EVCP_ERROR_CONNECTOR_LOCK_FAILURE);
    CHECK(board.status == EVCP_STATUS_FAULTED && board.started == 0);
    CHECK(evcp_set_lock(cp, 1, true) == EVCP_OK);
    UNTIL(cp, board.permit);
    CHECK(board.started == 1 && board.error == EVCP_ERROR_NO_ERROR);
    CHECK(evcp_get_supply(cp, 1, &supply) == EVCP_OK && supply.permit);
    CHECK(evcp_set_lock(cp, 1, false) == EVCP_OK);
    CHECK(evcp_get_supply(cp, 1, &supply) == EVCP_OK && !supply.permit);
    UNTIL(cp, board.error == EVCP_ERROR_CONNECTOR_LOCK_FAILURE);
    CHECK(board.stopped == 0);
    evcp_free(cp);
}

static void a_welded_contactor_is_told_and_is_no_business_of_the_hosts_own_faults(void)
{
    struct board board = { .obeys = true, .wh = 1000 };
    evcp_t *cp = make(&board, "WELDED", "30", "0.2");
    const evcp_error_code_t code = EVCP_ERROR_POWER_SWITCH_FAILURE;
    CHECK(evcp_set_ev(cp, 1, EVCP_EV_CHARGING) == EVCP_OK);
    CHECK(evcp_start_tx(cp, 1, "CAFE01", 0) == EVCP_OK);
    UNTIL(cp, board.status == EVCP_STATUS_CHARGING);
    board.obeys = false;
    CHECK(evcp_stop_tx(cp, 1, EVCP_REASON_LOCAL) == EVCP_OK);
    UNTIL(cp, board.error == code);
    CHECK(board.status == EVCP_STATUS_FAULTED && !board.permit);
    UNTIL(cp, board.stopped == 1);
    CHECK(board.lock);
    CHECK(evcp_set_fault(cp, 1, code, "mine", NULL) == EVCP_OK);
    CHECK(evcp_set_contactor(cp, 1, false) == EVCP_OK);
    UNTIL(cp, !board.lock);
    CHECK(board.error == code);
    CHECK(evcp_clear_fault(cp, 1, code) == EVCP_OK);
    UNTIL(cp, board.error == EVCP_ERROR_NO_ERROR);
    evcp_free(cp);
}

int main(int argc, char **argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    what_is_no_feedback_is_refused_and_says_why();
    a_board_that_obeys_charges_and_its_last_reading_is_that_of_the_open_contactor();
    a_lock_that_opens_takes_energy_away_in_the_call_that_says_so();
    a_welded_contactor_is_told_and_is_no_business_of_the_hosts_own_faults();
    printf("%d failures\n", failures);
    return failures != 0;
}
