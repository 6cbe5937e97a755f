/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * evcp_test.h - a charge point in virtual time, for the unit tests of a firmware
 *
 * Made from src/ffi/test by `make header`. Do not edit.
 *
 * THE KIT    Link the tests with libevcp-test instead of libevcp. The firmware is unchanged: it calls
 *            evcp_config_*, evcp_new(), evcp_start(), evcp_dispatch(), evcp_set_*, evcp_free(). Make a
 *            world first, evcp_test_new(): evcp_new() puts the charge point into the world of its
 *            thread. In it are a clock that stands still until it is told to move, a link, and a
 *            central system that accepts everything and keeps books. There is no socket, no thread,
 *            no waiting and no randomness: the same program gives the same frames, byte for byte. A
 *            storage directory is used, but nobody waits for the disk; one that is empty at first
 *            gives the same frames each time.
 * DISPATCH   evcp_dispatch() lets the library take in what it was told, at the present virtual time,
 *            and runs the callbacks that wait; its timeout_ms never waits. evcp_test_advance() does
 *            the same at each moment at which something is due, as a host whose loop dispatches at
 *            once; evcp_test_stall() does not, as a host that is busy.
 * THREADS    A world belongs to the thread that made it: evcp_test_*() on another one, and evcp_new(),
 *            evcp_start(), evcp_stop() and evcp_dispatch() there, are EVCP_E_STATE. There is one world
 *            for a thread, and one charge point at a time in it. Inside a callback, what lets time
 *            pass or calls the charge point is EVCP_E_DEADLOCK; evcp_test_now(), _clock(), _sent(),
 *            _value(), _rule(), _tx() and the like are fine there.
 * POINTERS   A text that a function returns is valid until the same function is called again, or the
 *            world is freed.
 */
#ifndef EVCP_TEST_H
#define EVCP_TEST_H

#include <evcp.h>

/* ---- Values ------------------------------------------------------------------------------ */

/* There is no link: the connection breaks, and each attempt fails at once. */
#define EVCP_TEST_LINK_DOWN 0
/* The link works. */
#define EVCP_TEST_LINK_UP 1
/* A dead line: nothing arrives, in neither direction, and nobody is told. What is under way arrives when it
 * is up again. */
#define EVCP_TEST_LINK_DEAD 2
/* The central system answers by itself, accepts, and keeps books: what it does at first. `with` (a JSON object,
 * or NULL): members that take the place of those of its answer, e.g. {"status":"Pending","interval":60} for
 * BootNotification, {"idTagInfo":{"status":"Blocked"}} for Authorize or StartTransaction. */
#define EVCP_TEST_ANSWER 0
/* It answers with an error (CALLERROR), and books nothing; `with`: the code, NULL for InternalError. */
#define EVCP_TEST_ERROR 1
/* It never answers, and books nothing. */
#define EVCP_TEST_SILENT 2
/* You answer, with evcp_test_reply() or evcp_test_refuse(). */
#define EVCP_TEST_BY_HAND 3
/* The storage works. */
#define EVCP_TEST_STORAGE_WORKS 0
/* Nothing can be written. */
#define EVCP_TEST_STORAGE_FAILS 1

/* ---- Types ------------------------------------------------------------------------------- */

/* A world of one thread. */
typedef struct evcp_test_t evcp_test_t;

/* A function of the firmware that is called again and again. */
typedef void (*evcp_test_tick_fn)(void *user_data);

/* A transaction in the books of the central system. */
typedef struct {
    /* sizeof(evcp_test_tx_t), set by the caller; only that much is written. */
    uint32_t struct_size;
    /* Where; 1 and up. */
    uint32_t connector;
    /* The id that the central system gave it: 1, 2, 3, ... */
    int64_t id;
    /* Unix time in milliseconds, as the charge point said it. */
    int64_t started_ms;
    /* Unix time in milliseconds; 0 while it runs. */
    int64_t stopped_ms;
    /* The register when it began, Wh. */
    double meter_start_wh;
    /* The register when it ended, Wh; 0 while it runs. */
    double meter_stop_wh;
    /* Whether it ended. */
    bool stopped;
    /* Zero. */
    uint8_t reserved[3];
    /* How many MeterValues.req came for it. */
    uint32_t samples;
    /* The tag that started it. */
    const char *tag;
    /* The tag that stopped it; NULL if none did. */
    const char *stop_tag;
    /* Why it ended, as on the wire ("Local" if the charge point does not say); NULL while it runs. */
    const char *reason;
    /* The payload of the last MeterValues.req for it; NULL if there was none. */
    const char *last_sample;
} evcp_test_tx_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- World ------------------------------------------------------------------------------- */

/* A world for this thread: the link is up, the wall clock shows 2026-01-01T00:00:00Z, the books are
 * empty. Yours until evcp_test_free(). NULL, with evcp_last_error(), when this thread has one. */
EVCP_API
evcp_test_t *evcp_test_new(void);

/* Frees a world; NULL is fine. A charge point that is still in it goes as in evcp_test_power_cut():
 * evcp_free() its handle before or after. Not inside a callback. */
EVCP_API
void evcp_test_free(evcp_test_t *world);

/* ---- Time -------------------------------------------------------------------------------- */

/* Lets so much time pass: goes from one moment at which something is due to the next, and runs the
 * callbacks that wait in each. With ms 0, all that can happen now does; ten years are the most. Returns how
 * many callbacks ran. */
EVCP_API
int32_t evcp_test_advance(evcp_test_t *world,
                          uint64_t ms);

/* Lets so much time pass in which the host is busy: the library works on, nobody dispatches, no tick comes. */
EVCP_API
evcp_err_t evcp_test_stall(evcp_test_t *world,
                           uint64_t ms);

/* Virtual milliseconds since the world was made, for the firmware's own timers. They go on over a power
 * cut. */
EVCP_API
uint64_t evcp_test_now(const evcp_test_t *world);

/* The wall clock of the device, Unix time in milliseconds. */
EVCP_API int64_t evcp_test_clock(const evcp_test_t *world);

/* Sets the wall clock of the device, as an operating system would: a step. The clock of the central
 * system goes on as it was. */
EVCP_API
evcp_err_t evcp_test_set_clock(evcp_test_t *world,
                               int64_t unix_ms);

/* Has evcp_test_advance() call a function every so many milliseconds, the first time after the first of
 * them: the firmware's own loop. It may call evcp_* as it likes, evcp_dispatch() too, but nothing that lets
 * time pass. It stays over a power cut. NULL, or 0 ms: no more. */
EVCP_API
evcp_err_t evcp_test_every(evcp_test_t *world,
                           uint32_t ms,
                           evcp_test_tick_fn tick,
                           void *user_data);

/* ---- Link -------------------------------------------------------------------------------- */

/* The link becomes EVCP_TEST_LINK_*. */
EVCP_API evcp_err_t evcp_test_link(evcp_test_t *world, uint32_t state);

/* The next frame that the charge point sent, as JSON text: [2,"id","Action",{...}]. NULL when there is
 * none. The last 65,536 are kept. */
EVCP_API
const char *evcp_test_sent(evcp_test_t *world);

/* The payload of the next call that the charge point sent with that action; what it sent before is passed
 * over. NULL when there is none: then nothing is passed over. */
EVCP_API
const char *evcp_test_sent_call(evcp_test_t *world,
                                const char *action);

/* A value in a JSON text, by its JSON Pointer (RFC 6901), e.g. "/meterValue/0/sampledValue/0/value":
 * a string without its quotes, anything else as JSON. NULL when it is not there, or json is NULL. */
EVCP_API
const char *evcp_test_value(evcp_test_t *world,
                            const char *json,
                            const char *pointer);

/* ---- Central system ---------------------------------------------------------------------- */

/* From now on the central system deals with calls of that action (NULL: of every action) in this way:
 * EVCP_TEST_ANSWER, _ERROR, _SILENT or _BY_HAND; what `with` is see there, NULL for nothing. */
EVCP_API
evcp_err_t evcp_test_rule(evcp_test_t *world,
                          const char *action,
                          uint32_t rule,
                          const char *with);

/* What the central system says of a tag, in each answer with an idTagInfo: "Accepted", "Blocked",
 * "Expired", "Invalid", "ConcurrentTx"; and the tag of its group, parent (NULL: none). A tag that is not in
 * its books is Accepted. */
EVCP_API
evcp_err_t evcp_test_set_tag(evcp_test_t *world,
                             const char *tag,
                             const char *status,
                             const char *parent);

/* From now on each answer and call of the central system takes so long to arrive: 0 at first. */
EVCP_API evcp_err_t evcp_test_set_delay(evcp_test_t *world, uint32_t ms);

/* Answers the call of the charge point that was left without an answer, EVCP_TEST_BY_HAND or
 * EVCP_TEST_SILENT, with a payload (a JSON object), and books it; then all that can happen now does, as in
 * evcp_test_advance(0). EVCP_E_STATE when no call waits. */
EVCP_API
evcp_err_t evcp_test_reply(evcp_test_t *world,
                           const char *payload);

/* The same with an error: code ("NotImplemented", ...), description (NULL: none). */
EVCP_API
evcp_err_t evcp_test_refuse(evcp_test_t *world,
                            const char *code,
                            const char *description);

/* The central system calls the charge point, e.g. "RemoteStartTransaction" with {"idTag":"..."} (NULL: {});
 * then all that can happen now does, as in evcp_test_advance(0). *answer (may be NULL) gets the payload of
 * the answer or, if it is an error, {"errorCode":...,"errorDescription":...}; NULL while there is none: see
 * evcp_test_answer(). EVCP_E_OFFLINE without a connection. */
EVCP_API
evcp_err_t evcp_test_call(evcp_test_t *world,
                          const char *action,
                          const char *payload,
                          const char **answer);

/* The answer to the last evcp_test_call(), as there; NULL while there is none. With evcp_test_call() it has one
 * text, which is valid until one of both is called again. */
EVCP_API
const char *evcp_test_answer(evcp_test_t *world);

/* ---- Its books --------------------------------------------------------------------------- */

/* How many transactions the central system has in its books. */
EVCP_API size_t evcp_test_tx_count(const evcp_test_t *world);

/* The transaction with that number in the books: 0 is the oldest. EVCP_E_INVALID when there are not so many. */
EVCP_API
evcp_err_t evcp_test_tx(evcp_test_t *world,
                        size_t number,
                        evcp_test_tx_t *out);

/* ---- Trouble ----------------------------------------------------------------------------- */

/* Power is cut: the charge point is gone, and with it what was not stored. Its handle answers
 * EVCP_E_CLOSED; evcp_free() it. After that evcp_new() with the same storage directory is the device that
 * starts again, in the same world. EVCP_E_STATE without a charge point. */
EVCP_API
evcp_err_t evcp_test_power_cut(evcp_test_t *world);

/* The storage becomes EVCP_TEST_STORAGE_*. The library tries again every five seconds what could not be
 * written. */
EVCP_API
evcp_err_t evcp_test_storage(evcp_test_t *world,
                             uint32_t state);

/* Initialisers for the structs that grow. */
#ifdef __cplusplus
#define EVCP_TEST_TX_INIT ([] { evcp_test_tx_t sized_ = {}; sized_.struct_size = sizeof sized_; return sized_; }())
#else
#define EVCP_TEST_TX_INIT { .struct_size = sizeof(evcp_test_tx_t) }
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#ifdef __cplusplus

/* ---- C++14 and newer --------------------------------------------------------------------- */

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace evcp {
namespace test {

/* A world that is freed with its scope: the functions above, with texts that are copies. What is not there is an
 * empty text; an argument that may be left out is left out by an empty text. What fails throws std::runtime_error
 * with the text of evcp_last_error(). */
class world {
public:
    world() : world_(evcp_test_new())
    {
        if (world_ == nullptr)
            throw std::runtime_error(evcp_last_error());
    }
    ~world() { evcp_test_free(world_); }
    world(const world &) = delete;
    world &operator=(const world &) = delete;

    /* For the functions above. */
    evcp_test_t *get() const noexcept { return world_; }

    int advance(uint64_t ms)
    {
        const int ran = evcp_test_advance(world_, ms);
        if (thrown_ != nullptr)
            std::rethrow_exception(std::exchange(thrown_, nullptr));
        return checked(ran);
    }
    void stall(uint64_t ms) { checked(evcp_test_stall(world_, ms)); }
    uint64_t now() const { return evcp_test_now(world_); }
    int64_t clock() const { return evcp_test_clock(world_); }
    void set_clock(int64_t unix_ms) { checked(evcp_test_set_clock(world_, unix_ms)); }
    /* What the loop of the firmware throws comes out of advance(). */
    void every(uint32_t ms, std::function<void()> tick)
    {
        tick_ = std::move(tick);
        checked(evcp_test_every(world_, ms, tick_ ? call_tick : nullptr, this));
    }

    void link(uint32_t state) { checked(evcp_test_link(world_, state)); }
    std::string sent() { return text(evcp_test_sent(world_)); }
    std::string sent_call(const std::string &action) { return text(evcp_test_sent_call(world_, action.c_str())); }
    std::string value(const std::string &json, const std::string &pointer)
    {
        return json.empty() ? json : text(evcp_test_value(world_, json.c_str(), pointer.c_str()));
    }

    void rule(const std::string &action, uint32_t rule, const std::string &with = "")
    {
        checked(evcp_test_rule(world_, optional(action), rule, optional(with)));
    }
    void set_tag(const std::string &tag, const std::string &status = "Accepted", const std::string &parent = "")
    {
        checked(evcp_test_set_tag(world_, tag.c_str(), status.c_str(), optional(parent)));
    }
    void set_delay(uint32_t ms) { checked(evcp_test_set_delay(world_, ms)); }
    void reply(const std::string &payload) { checked(evcp_test_reply(world_, payload.c_str())); }
    void refuse(const std::string &code, const std::string &description = "")
    {
        checked(evcp_test_refuse(world_, code.c_str(), optional(description)));
    }
    std::string call(const std::string &action, const std::string &payload = "{}")
    {
        const char *answer = nullptr;
        checked(evcp_test_call(world_, action.c_str(), payload.c_str(), &answer));
        return text(answer);
    }
    std::string answer() { return text(evcp_test_answer(world_)); }

    size_t tx_count() const { return evcp_test_tx_count(world_); }
    evcp_test_tx_t tx(size_t number)
    {
        evcp_test_tx_t tx = EVCP_TEST_TX_INIT;
        checked(evcp_test_tx(world_, number, &tx));
        return tx;
    }

    void power_cut() { checked(evcp_test_power_cut(world_)); }
    void storage(uint32_t state) { checked(evcp_test_storage(world_, state)); }

private:
    static std::string text(const char *text) { return text != nullptr ? text : ""; }
    static const char *optional(const std::string &text) { return text.empty() ? nullptr : text.c_str(); }
    static int checked(int result)
    {
        if (result < 0)
            throw std::runtime_error(evcp_last_error());
        return result;
    }
    static void call_tick(void *self)
    {
        world &it = *static_cast<world *>(self);
        try {
            it.tick_();
        } catch (...) {
            it.thrown_ = std::current_exception();
        }
    }

    evcp_test_t *world_;
    std::function<void()> tick_;
    std::exception_ptr thrown_;
};

} /* namespace test */
} /* namespace evcp */

#endif

#endif  /* EVCP_TEST_H */
