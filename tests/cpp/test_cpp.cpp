// The C++ binding as a firmware sees it. usage: test_cpp URL-OF-A-CENTRAL-SYSTEM
#include <evcp.hpp>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstring>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "second_unit.hpp"

namespace {

using std::chrono::milliseconds;

std::string url;
int failures = 0;

void check(bool holds, const char* text, const char* where, int line)
{
    if (holds)
        return;
    std::cerr << where << ":" << line << ": " << text << ": " << evcp::last_error() << '\n';
    failures++;
}

#define CHECK(condition) check((condition), #condition, __func__, __LINE__)

// What is thrown by `call`, as text; "" if nothing is.
template <class Call>
std::string thrown_by(Call&& call)
{
    try {
        call();
    } catch (const evcp::error& thrown) {
        return "evcp " + std::to_string(thrown.code().value()) + " " + thrown.what();
    } catch (const std::exception& thrown) {
        return thrown.what();
    } catch (int thrown) {
        return "int " + std::to_string(thrown);
    }
    return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

evcp::config config(const std::string& identity)
{
    evcp::config cfg;
    cfg.url(url).identity(identity).device("evcp", "test");
    cfg.set("AllowOfflineTxForUnknownId", "true").set("boot.charge_before_accepted", "true");
    // An answer that this binding owes would be missed for longer than any test has patience.
    cfg.set("meter.timeout_s", "1000").set("answer.timeout_s", "1000");
    return cfg;
}

// Dispatches until something holds; it always comes, so there is no other limit than patience.
template <class Condition>
bool dispatched_until(evcp::charge_point& cp, Condition&& condition)
{
    for (int patience = 0; !condition() && patience < 400; patience++)
        if (cp.dispatch(milliseconds(50)) < 0)
            break;
    return condition();
}

// Brings a charge point to its first question: the meter, for the beginning of a transaction.
void ask_for_the_meter(evcp::charge_point& cp)
{
    cp.start();
    cp.set_ev(1, evcp::ev::plugged);
    cp.present_tag(1, "CAFE01");
}

// ---- Errors -------------------------------------------------------------------------------------

void an_error_carries_code_and_text()
{
    evcp::charge_point cp(config("ERRORS"));
    try {
        cp.set_fault(1, static_cast<evcp::fault_code>(4711));
        CHECK(!"nothing was thrown");
    } catch (const evcp::error& thrown) {
        CHECK(thrown.code() == evcp::errc::invalid);
        CHECK(has(thrown.what(), "4711") && has(thrown.what(), evcp_strerror(EVCP_E_INVALID)));
    }
    cp.start();
    CHECK(has(thrown_by([&] { cp.start(); }), "evcp -2"));
}

void an_error_code_takes_the_place_of_an_exception()
{
    evcp::charge_point cp(config("CODES"));
    std::error_code code;
    cp.set_ev(2, evcp::ev::plugged, code);
    CHECK(code == evcp::errc::invalid && has(evcp::last_error(), "2"));
    CHECK(code.message() == evcp_strerror(EVCP_E_INVALID));
    CHECK(std::strcmp(code.category().name(), "evcp") == 0);
    cp.set_ev(1, evcp::ev::plugged, code);
    CHECK(!code);
    CHECK(cp.get_key("Nonsense", code).empty() && code == evcp::errc::unsupported);
    CHECK(cp.get_schedule(7, std::chrono::seconds(60), evcp::unit::amps, code).empty() && code);
    CHECK(!cp.get_supply(7, code).permit && code == evcp::errc::invalid);
    CHECK(cp.get_status(7, code) == evcp::connector_status::unavailable && code == evcp::errc::invalid);
    CHECK(cp.get_faults(7, code).empty() && code == evcp::errc::invalid);
    evcp::transaction none{};
    CHECK(!cp.get_tx_info(7, none, code) && code == evcp::errc::invalid);
    CHECK(!cp.get_tx_info(1, none, code) && !code);
    CHECK(cp.get_link(code).state == evcp::link_state::disconnected && !code);
}

void text_with_a_nul_inside_is_refused_and_not_cut()
{
    evcp::charge_point cp(config("NUL"));
    std::error_code code;
    cp.present_tag(1, std::string("CAFE\0", 5) + "01", code);
    CHECK(code == evcp::errc::invalid && has(evcp::last_error(), "tag"));
    cp.set_fault(1, evcp::fault_code::ground_failure, std::string("\0", 1), "", code);
    CHECK(code == evcp::errc::invalid && has(evcp::last_error(), "info"));
}

void a_charge_point_that_cannot_be_made_deletes_its_handlers()
{
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = owned;
    evcp::handlers on;
    on.on_reboot = [owned](bool) {};
    owned.reset();
    evcp::config incomplete;
    std::error_code code;
    evcp::charge_point cp(incomplete, on, code);
    CHECK(code == evcp::errc::invalid && !cp);
    CHECK(has(thrown_by([&] { evcp::charge_point(incomplete, on); }), "evcp -1"));
    CHECK(!watch.expired());
    on = {};
    CHECK(watch.expired());
}

void an_empty_charge_point_refuses_everything()
{
    evcp::charge_point cp;
    std::error_code code;
    CHECK(!cp && cp.native() == nullptr && cp.fd() == -1);
    cp.wakeup();
    CHECK(has(thrown_by([&] { cp.start(); }), "evcp -1"));
    cp.dispatch(milliseconds(0), code);
    CHECK(code == evcp::errc::invalid);
    cp.data_transfer("v", "m", "d", [](const evcp::data_result&) { CHECK(!"called"); }, code);
    CHECK(code == evcp::errc::invalid);
}

void a_configuration_is_checked_and_can_be_moved()
{
    evcp::config cfg;
    std::error_code code;
    cfg.set("nonsense", "1", code);
    CHECK(code == evcp::errc::unsupported && has(evcp::last_error(), "nonsense"));
    cfg.connectors(257, code);
    CHECK(code == evcp::errc::invalid);
    cfg.auth_key("short", code);
    CHECK(code == evcp::errc::invalid);
    cfg.profile(4, code);
    CHECK(code == evcp::errc::invalid);
    cfg.device("v", "m", "0001", "1.0").url("ws://127.0.0.1:9").identity("MOVED").connectors(2);
    cfg.lockable(2, false).limit(0, 3, 63).limit(2, 1, 16).profile(1).auth_key("a key of 16 byte");
    cfg.declare("Colour", std::string(200, 'x')).ca_pem("").client_pem("", "").storage("");
    evcp::config moved = std::move(cfg);
    evcp::charge_point cp(moved);
    CHECK(cp.get_key("Colour") == std::string(200, 'x'));
    CHECK(cp.get_key("HeartbeatInterval") == "300");
    CHECK(has(thrown_by([&] { evcp::charge_point copy(cfg); }), "evcp -1"));
}

// ---- A session ----------------------------------------------------------------------------------

void a_session_is_told_step_by_step()
{
    evcp::handlers on;
    std::vector<evcp::tx_change> steps;
    std::vector<evcp::reading> readings;
    bool accepted = false, authorized = false, permit = false;
    evcp::transaction last{};
    double register_wh = 1000;
    on.on_boot = [&](const evcp::boot_info& boot) {
        const auto off = boot.time - std::chrono::system_clock::now();
        accepted = boot.status == evcp::boot_status::accepted && boot.interval.count() > 0 &&
                   off < std::chrono::hours(1) && off > -std::chrono::hours(1);
    };
    on.on_auth = [&](const evcp::auth_info& auth) {
        authorized = auth.connector == 1 && auth.tag == "CAFE01" &&
                     auth.status == evcp::auth_status::accepted;
    };
    on.on_supply = [&](std::uint32_t, const evcp::supply& command) { permit = command.permit; };
    on.on_meter_read = [&](std::uint32_t, evcp::reading what_for, evcp::meter_reply reply) {
        readings.push_back(what_for);
        reply.shows({evcp::sample(register_wh), evcp::sample(20, evcp::measurand::temperature)});
        register_wh += 1500;
    };
    on.on_tx = [&](const evcp::transaction& tx) {
        steps.push_back(tx.change);
        last = tx;
    };
    evcp::charge_point cp(config("SESSION"), on);
    cp.start();
    CHECK(dispatched_until(cp, [&] { return accepted; }));
    cp.set_ev(1, evcp::ev::plugged);
    cp.present_tag_at({1}, "CAFE01");
    CHECK(dispatched_until(cp, [&] { return steps.size() == 2; }));
    CHECK(authorized && permit && cp.get_tx(1) == last.tx && last.ocpp_id_known && last.ocpp_id > 0 &&
          last.ocpp_id_text == std::to_string(last.ocpp_id) && last.reason == evcp::stop_reason::none);
    CHECK(cp.get_supply(1).permit && cp.get_supply(1).tx == last.tx);
    CHECK(cp.get_stats().connects == 1);
    const auto age = std::chrono::system_clock::now() - last.started;
    CHECK(age < std::chrono::hours(1) && age > -std::chrono::hours(1));
    cp.stop_tx(1, evcp::stop_reason::local);
    CHECK(dispatched_until(cp, [&] { return steps.back() == evcp::tx_change::stopped; }));
    CHECK(!permit && cp.get_tx(1) == 0 && last.reason == evcp::stop_reason::local && last.stopped >= last.started);
    CHECK(last.meter_start_wh == 1000 && last.meter_stop_wh == 2500);
    CHECK((readings == std::vector<evcp::reading>{evcp::reading::begin, evcp::reading::end}));
    CHECK((steps == std::vector<evcp::tx_change>{evcp::tx_change::started, evcp::tx_change::confirmed,
                                                 evcp::tx_change::stopped}));
}

void a_display_is_told_why_not_and_when_the_time_is_over()
{
    evcp::handlers on;
    evcp::auth_info told{};
    evcp::timeout_info late{};
    bool accepted = false;
    on.on_boot = [&](const evcp::boot_info& boot) { accepted = boot.status == evcp::boot_status::accepted; };
    on.on_auth = [&](const evcp::auth_info& auth) { told = auth; };
    on.on_timeout = [&](const evcp::timeout_info& timeout) { late = timeout; };
    evcp::charge_point cp(config("DISPLAY").set("ConnectionTimeOut", "1"), on);
    cp.start();
    CHECK(dispatched_until(cp, [&] { return accepted; }));
    cp.set_fault(1, evcp::fault_code::ground_failure);
    cp.present_tag(1, "CAFE01");
    CHECK(dispatched_until(cp, [&] { return told.why == evcp::refusal::faulted; }));
    CHECK(told.reader == 1 && told.connector == 0 && told.tag == "CAFE01");
    CHECK(told.by == evcp::brought_by::reader && told.purpose == evcp::tag_purpose::start);
    CHECK(has(evcp::name(told.why), "faulted") && has(evcp::name(told.purpose), "start"));
    cp.clear_fault(1);
    cp.start_tx(1, "FREE");
    CHECK(dispatched_until(cp, [&] { return late.tag == "FREE"; }));
    CHECK(late.connector == 1 && late.reader == 1 && late.by == evcp::brought_by::charger);
    CHECK(has(evcp::name(late.by), "charger"));
}

void a_charge_point_is_drained_before_an_update()
{
    evcp::handlers on;
    evcp::restart_info drained{};
    bool permit = false;
    on.on_supply = [&](std::uint32_t, const evcp::supply& command) { permit = command.permit; };
    on.on_drained = [&](const evcp::restart_info& restart) { drained = restart; };
    evcp::charge_point cp(config("DRAINED"), on);
    CHECK(cp.get_restart().verdict == EVCP_RESTART_FREE && !cp.get_restart().draining);
    cp.start();
    cp.set_ev(1, evcp::ev::plugged);
    cp.start_tx(1, "FREE");
    CHECK(dispatched_until(cp, [&] { return permit; }));
    CHECK(cp.get_restart().transactions == 1);
    cp.set_draining(true);
    cp.stop_tx(1, evcp::stop_reason::local);
    CHECK(dispatched_until(cp, [&] { return drained.draining; }));
    CHECK(drained.transactions == 0 && cp.get_status(1) == evcp::connector_status::unavailable);
    CHECK(has(evcp::name(evcp::restart_verdict::session), "session"));
    const evcp::charge_point none;
    std::error_code code;
    CHECK(none.get_restart(code).verdict == EVCP_RESTART_DATA && code == evcp::errc::invalid);
}

void facts_arrive_at_the_library()
{
    evcp::handlers on;
    std::string fault, words;
    std::string colour;
    bool connected = false;
    on.on_status = [&](const evcp::status_info& now) {
        fault = now.status == evcp::connector_status::faulted ? evcp::name(now.code) : "";
        words = now.info + "/" + now.vendor_code;
    };
    on.on_connection = [&](const evcp::connection_info& link) {
        connected = link.state == evcp::link_state::connected;
    };
    evcp::key_decl colours;
    colours.words = "red,blue";
    colours.asks = true;
    on.on_key_change = [](const evcp::key_info&, evcp::key_reply reply) { reply.accept(); };
    evcp::charge_point cp(config("FACTS")
                              .declare("Colour", "red", colours)
                              .limit(1, 2, 16)
                              .feedback(1, true, true)
                              .set("contactor.timeout_s", "0.1"),
                          on);
    cp.start();
    CHECK(dispatched_until(cp, [&] { return connected; }));
    cp.set_fault(1, evcp::fault_code::ground_failure, "wet", "7");
    CHECK(dispatched_until(cp, [&] { return fault == "GroundFailure" && words == "wet/7"; }));
    CHECK(cp.get_status(1) == evcp::connector_status::faulted);
    const auto wrong = cp.get_faults(1);
    CHECK(wrong.size() == 1 && wrong[0].code == evcp::fault_code::ground_failure && wrong[0].shown);
    CHECK(!wrong[0].warning && wrong[0].info == "wet" && wrong[0].vendor_code == "7" && wrong[0].connector == 1);
    CHECK(cp.get_link().state == evcp::link_state::connected);
    evcp::boot_info boot{};
    CHECK(dispatched_until(cp, [&] { return cp.get_registration(boot); }));
    CHECK(boot.status == evcp::boot_status::accepted);
    cp.install_profile(1, R"({"chargingProfileId":7,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile",)"
                          R"("chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"A",)"
                          R"("chargingSchedulePeriod":[{"startPeriod":0,"limit":10}]}})");
    cp.clear_profile(1, 7);
    cp.clear_profiles();
    for (const auto& known : cp.get_profiles())
        CHECK(known.local && known.purpose == evcp::profile_purpose::tx_default);
    const auto keys = cp.get_keys();
    CHECK(keys.size() > 40 && keys.back().key == "Colour" && keys.back().value == "red" && !keys.back().read_only);
    cp.clear_fault(1);
    CHECK(dispatched_until(cp, [&] { return fault.empty(); }));
    cp.set_lock(1, false);
    cp.set_contactor(1, true);
    CHECK(dispatched_until(cp, [&] { return fault == "PowerSwitchFailure"; }));
    cp.set_contactor(1, false);
    CHECK(dispatched_until(cp, [&] { return fault.empty(); }));
    cp.set_warning(1, evcp::fault_code::high_temperature);
    cp.clear_warning(1);
    cp.push_meter(1, {evcp::sample(5), evcp::sample(20, evcp::measurand::temperature, evcp::phase::none,
                                                    evcp::location::body)});
    cp.push_signed_meter(1, "OCMF|{}|{}");
    cp.set_clock(std::chrono::system_clock::now());
    cp.set_key("Colour", "blue");
    cp.set_operative(1, false);
    CHECK(dispatched_until(cp, [&] { return cp.get_status(1) == evcp::connector_status::unavailable; }));
    CHECK(cp.get_key("Colour") == "blue");
    cp.set_operative(1, true);
    const auto schedule = cp.get_schedule(0, std::chrono::hours(1), evcp::unit::watts);
    CHECK(schedule.size() == 1 && schedule[0].limit == 16.0 * 2 * 230);
    std::chrono::seconds covered{};
    CHECK(cp.get_schedule(0, std::chrono::hours(1), evcp::unit::watts, covered).size() == 1);
    CHECK(covered == std::chrono::hours(1));
    cp.power_fails();
    cp.set_network(false);
    CHECK(dispatched_until(cp, [&] { return !connected; }));
    cp.stop(std::chrono::seconds(5));
    CHECK(has(thrown_by([&] { cp.set_network(true); }), "evcp -8"));
}

// ---- Exceptions ---------------------------------------------------------------------------------

// Gives the next event to a handler that throws, and says what dispatch() threw.
template <class Thrower>
std::string thrown_out_of_dispatch(const std::string& identity, evcp::handlers on, Thrower&& thrower)
{
    int calls = 0, later = 0;
    on.on_supply = [&](std::uint32_t, const evcp::supply&) {
        calls++;
        thrower();
    };
    on.on_status = [&](const evcp::status_info&) { later++; };
    evcp::charge_point cp(config(identity), on);
    cp.start();
    std::string thrown;
    while (calls == 0)
        thrown = thrown_by([&] { cp.dispatch(evcp::forever); });
    // The charge point works as before.
    CHECK(dispatched_until(cp, [&] { return later > 0; }));
    return thrown;
}

void an_exception_of_a_handler_is_thrown_by_dispatch()
{
    const auto thrown = thrown_out_of_dispatch("THROWS1", {}, [] { throw std::runtime_error("contactor"); });
    CHECK(thrown == "contactor");
}

void an_exception_that_is_an_int_is_thrown_by_dispatch()
{
    CHECK(thrown_out_of_dispatch("THROWS2", {}, [] { throw 42; }) == "int 42");
}

void the_first_of_two_exceptions_is_thrown_when_both_handlers_have_run()
{
    evcp::charge_point cp;
    int calls = 0;
    evcp::handlers on;
    on.on_status = [&](const evcp::status_info&) {
        if (calls == 0)
            cp.set_fault(1, evcp::fault_code::ground_failure);
        // What a getter shows waits already: it is told in this dispatch too.
        while (cp.get_status(1) != evcp::connector_status::faulted)
            std::this_thread::yield();
        throw ++calls;
    };
    cp = evcp::charge_point(config("TWO"), on);
    cp.start();
    CHECK(thrown_by([&] { cp.dispatch(evcp::forever); }) == "int 1");
    CHECK(calls > 1);
}

void an_exception_goes_to_on_exception_if_there_is_one()
{
    std::string told;
    evcp::handlers on;
    on.on_exception = [&](std::exception_ptr thrown) {
        told = thrown_by([&] { std::rethrow_exception(thrown); });
    };
    CHECK(thrown_out_of_dispatch("THROWS3", on, [] { throw 43; }).empty());
    CHECK(told == "int 43");
}

void an_exception_of_on_exception_is_thrown_by_dispatch()
{
    evcp::handlers on;
    on.on_exception = [](std::exception_ptr) { throw std::runtime_error("worse"); };
    CHECK(thrown_out_of_dispatch("THROWS4", on, [] { throw 44; }) == "worse");
}

void an_exception_leaves_its_question_answered()
{
    bool started = false;
    evcp::handlers on;
    on.on_meter_read = [](std::uint32_t, evcp::reading, evcp::meter_reply) { throw 45; };
    on.on_tx = [&](const evcp::transaction&) { started = true; };
    on.on_exception = [](std::exception_ptr) {};
    evcp::charge_point cp(config("THROWN"), on);
    ask_for_the_meter(cp);
    CHECK(dispatched_until(cp, [&] { return started; }));
}

// ---- Replies ------------------------------------------------------------------------------------

void a_reply_that_is_dropped_answers_by_itself()
{
    bool started = false;
    evcp::handlers on;
    on.on_meter_read = [](std::uint32_t, evcp::reading, evcp::meter_reply) {};
    on.on_tx = [&](const evcp::transaction& tx) { started = tx.meter_start_wh == 77; };
    evcp::charge_point cp(config("DROPPED"), on);
    cp.push_meter(1, {evcp::sample(77)});
    ask_for_the_meter(cp);
    CHECK(dispatched_until(cp, [&] { return started; }));
}

// A charge point whose question about the meter is kept.
struct kept_question {
    std::unique_ptr<evcp::meter_reply> reply;
    double started_at = -1;
    evcp::charge_point cp;

    explicit kept_question(const std::string& identity)
    {
        evcp::handlers on;
        on.on_meter_read = [this](std::uint32_t, evcp::reading, evcp::meter_reply asked) {
            reply = std::make_unique<evcp::meter_reply>(std::move(asked));
            CHECK(!asked && *reply);
        };
        on.on_tx = [this](const evcp::transaction& tx) { started_at = tx.meter_start_wh; };
        cp = evcp::charge_point(config(identity), on);
        ask_for_the_meter(cp);
        CHECK(dispatched_until(cp, [this] { return reply != nullptr; }));
    }
};

void a_reply_may_be_kept_and_answered_on_another_thread()
{
    kept_question kept("KEPT");
    std::thread([&] { kept.reply->shows({evcp::sample(99)}); }).join();
    CHECK(dispatched_until(kept.cp, [&] { return kept.started_at == 99; }));
}

void a_reply_that_is_replaced_answers_by_itself()
{
    kept_question one("REPLACED1"), two("REPLACED2");
    *one.reply = std::move(*two.reply);
    CHECK(dispatched_until(one.cp, [&] { return one.started_at >= 0; }));
    one.reply->shows({evcp::sample(88)});
    CHECK(dispatched_until(two.cp, [&] { return two.started_at == 88; }));
}

void a_reply_is_answered_once()
{
    kept_question kept("ONCE");
    std::error_code code;
    kept.reply->shows({evcp::sample(NAN)}, code);
    CHECK(code == evcp::errc::invalid && *kept.reply);
    kept.reply->shows({evcp::sample(11)});
    CHECK(!*kept.reply);
    CHECK(has(thrown_by([&] { kept.reply->shows({}); }), "evcp -5"));
    CHECK(dispatched_until(kept.cp, [&] { return kept.started_at == 11; }));
}

void a_reply_may_outlive_the_charge_point()
{
    kept_question kept("OUTLIVED");
    kept.cp = evcp::charge_point();
    CHECK(has(thrown_by([&] { kept.reply->shows({}); }), "evcp -8"));
    kept_question dropped("OUTLIVED2");
    dropped.cp = evcp::charge_point();
    CHECK(bool(*dropped.reply));
    dropped.reply.reset();
}

void a_reply_may_be_answered_while_the_charge_point_is_destroyed()
{
    for (int i = 0; i < 10; i++) {
        kept_question kept("RACE" + std::to_string(i));
        std::thread answers([&] {
            std::error_code code;
            kept.reply->shows({evcp::sample(1)}, code);
            CHECK(!code || code == evcp::errc::closed);
        });
        kept.cp = evcp::charge_point();
        answers.join();
    }
}

// ---- Life ---------------------------------------------------------------------------------------

void handlers_are_deleted_with_the_charge_point()
{
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = owned;
    evcp::handlers on;
    on.on_reboot = [owned](bool) {};
    owned.reset();
    {
        evcp::charge_point cp(config("DELETED"), std::move(on));
        on = {};
        CHECK(!watch.expired());
    }
    CHECK(watch.expired());
}

void a_handler_may_destroy_the_charge_point()
{
    auto owned = std::make_shared<int>(0);
    const std::weak_ptr<int> watch = owned;
    auto cp = std::make_unique<evcp::charge_point>();
    int after = 0;
    bool alive_inside = false;
    evcp::handlers on;
    on.on_meter_read = [&, owned](std::uint32_t, evcp::reading, evcp::meter_reply) {
        cp.reset();
        after = 1;
        alive_inside = !watch.expired() && *owned == 0;
    };
    on.on_tx = [&](const evcp::transaction&) { after++; };
    owned.reset();
    *cp = evcp::charge_point(config("SUICIDE"), std::move(on));
    on = {};
    ask_for_the_meter(*cp);
    int result = 0;
    for (int patience = 0; cp && patience < 400; patience++)
        result = cp->dispatch(milliseconds(50));
    CHECK(!cp && result == EVCP_E_CLOSED);
    CHECK(alive_inside && after == 1 && watch.expired());
}

void a_handler_that_destroys_the_charge_point_may_throw()
{
    auto cp = std::make_unique<evcp::charge_point>();
    evcp::handlers on;
    on.on_supply = [&](std::uint32_t, const evcp::supply&) {
        cp.reset();
        throw std::runtime_error("gone");
    };
    *cp = evcp::charge_point(config("SUICIDE2"), on);
    cp->start();
    std::string thrown;
    while (cp)
        thrown = thrown_by([&] { cp->dispatch(evcp::forever); });
    CHECK(thrown == "gone");
}

void waiting_in_a_handler_is_refused()
{
    evcp::charge_point cp;
    std::error_code dispatched, stopped;
    evcp::handlers on;
    on.on_supply = [&](std::uint32_t, const evcp::supply&) {
        cp.dispatch(milliseconds(0), dispatched);
        cp.stop(milliseconds(0), stopped);
    };
    cp = evcp::charge_point(config("INSIDE"), on);
    cp.start();
    CHECK(dispatched_until(cp, [&] { return bool(dispatched); }));
    CHECK(dispatched == evcp::errc::deadlock && stopped == evcp::errc::deadlock);
}

void a_charge_point_moves_with_all_that_it_has()
{
    auto owned = std::make_shared<int>(0);
    const std::weak_ptr<int> watch = owned;
    bool connected = false;
    evcp::handlers on;
    on.on_connection = [&, owned](const evcp::connection_info&) { connected = true; };
    owned.reset();
    evcp::charge_point first(config("MOVES"), std::move(on));
    on = {};
    first.start();
    evcp::charge_point second(std::move(first));
    CHECK(!first && second && first.fd() == -1);
    CHECK(dispatched_until(second, [&] { return connected; }));
    evcp::charge_point third(config("MOVES2"));
    third = std::move(second);
    CHECK(!second && third.get_stats().connects == 1);
    evcp::charge_point& same = third;
    third = std::move(same);
    CHECK(third && !watch.expired());
    third = evcp::charge_point();
    CHECK(!third && watch.expired());
}

void stopping_ends_a_dispatch_on_another_thread()
{
    evcp::charge_point cp(config("STOPPED"));
    std::error_code code;
    int result = 0;
    cp.start();
    std::thread dispatches([&] {
        while (result >= 0)
            result = cp.dispatch(evcp::forever, code);
    });
    cp.stop(std::chrono::seconds(5));
    dispatches.join();
    CHECK(result == EVCP_E_CLOSED && !code);
}

void destroying_waits_for_a_dispatch_on_another_thread()
{
    auto owned = std::make_shared<int>(0);
    const std::weak_ptr<int> watch = owned;
    std::atomic<bool> inside{false}, destroying{false};
    evcp::handlers on;
    on.on_supply = [&, owned](std::uint32_t, const evcp::supply&) {
        inside = true;
        while (!destroying)
            std::this_thread::yield();
        CHECK(*owned == 0);
    };
    owned.reset();
    auto cp = std::make_unique<evcp::charge_point>(config("DESTROYED"), std::move(on));
    on = {};
    cp->start();
    int result = 0;
    std::thread dispatches([&] { result = cp->dispatch(evcp::forever); });
    while (!inside)
        std::this_thread::yield();
    destroying = true;
    cp.reset();
    dispatches.join();
    CHECK(result > 0 || result == EVCP_E_CLOSED);
    CHECK(watch.expired());
}

evcp::charge_point* to_wake;

void a_signal_handler_ends_a_wait()
{
    evcp::charge_point cp(config("WAKE"));
    to_wake = &cp;
    const auto before = std::signal(SIGUSR1, [](int) { to_wake->wakeup(); });
    std::raise(SIGUSR1);
    CHECK(cp.dispatch(evcp::forever) == 0);
    std::signal(SIGUSR1, before);
}

// ---- Vendor data and the log --------------------------------------------------------------------

void vendor_data_is_concluded_once_and_never_throws_out_of_the_destructor()
{
    std::vector<std::string> ends;
    const auto done = [&](const evcp::data_result& result) {
        ends.push_back(result.error ? result.error.message() : "answered " + result.data);
        throw std::runtime_error("done");
    };
    bool connected = false;
    evcp::handlers on;
    on.on_connection = [&](const evcp::connection_info& link) {
        connected = link.state == evcp::link_state::connected;
    };
    on.on_boot = [&](const evcp::boot_info&) {};
    {
        evcp::charge_point cp(config("DATA"), on);
        cp.start();
        CHECK(dispatched_until(cp, [&] { return connected; }));
        cp.set_network(false);
        CHECK(dispatched_until(cp, [&] { return !connected; }));
        cp.data_transfer("vendor", "message", "data", done);
        CHECK(ends.empty());
        const std::string thrown = thrown_by([&] { dispatched_until(cp, [&] { return ends.size() == 1; }); });
        CHECK(thrown == "done" && ends.size() == 1);
        CHECK(ends[0] == make_error_code(evcp::errc::offline).message());
        cp.data_transfer("vendor", "", "", nullptr);
        cp.data_transfer("vendor", "", "", done);
    }
    CHECK(ends.size() == 2 && ends[1] == make_error_code(evcp::errc::closed).message());
}

void a_network_profile_is_another_way_in()
{
    std::vector<evcp::connection_info> links;
    evcp::handlers on;
    on.on_connection = [&](const evcp::connection_info& link) { links.push_back(link); };
    const auto connected_by = [&](std::uint32_t slot) {
        return !links.empty() && links.back().state == evcp::link_state::connected && links.back().slot == slot;
    };
    evcp::network_profile way;
    way.url = url;
    way.identity = "WAYS";
    way.interface_name = "lo";
    way.source_address = "127.0.0.2";
    way.connect_timeout = std::chrono::seconds(5);
    evcp::config made = config("WAYS");
    made.network(3, way).set("network.priority", "3,1,2");
    evcp::charge_point cp(made, on);
    cp.start();
    CHECK(dispatched_until(cp, [&] { return connected_by(3); }));
    cp.set_network_profile(2, way);
    cp.set_network_priority({2, 1});
    CHECK(dispatched_until(cp, [&] { return connected_by(2); }));
    cp.remove_network_profile(2);
    CHECK(dispatched_until(cp, [&] { return connected_by(1); }));
    std::error_code code;
    cp.remove_network_profile(1, code);
    CHECK(code == evcp::errc::invalid);
    cp.set_network_priority({4}, code);
    CHECK(code == evcp::errc::invalid);
    way.url = std::string("ws://a\0b", 8);
    cp.set_network_profile(2, way, code);
    CHECK(code == evcp::errc::invalid);
    way.url = url;
    way.connect_timeout = std::chrono::hours(1);
    cp.set_network_profile(2, way, code);
    CHECK(code == evcp::errc::invalid);
}

void an_exception_of_vendor_data_goes_to_on_exception()
{
    int told = 0;
    evcp::handlers on;
    on.on_exception = [&](std::exception_ptr) { told++; };
    {
        evcp::charge_point cp(config("DATA2"), on);
        cp.data_transfer("vendor", "", "", [](const evcp::data_result&) { throw 46; });
    }
    CHECK(told == 1);
}

void the_log_is_one_for_all_units_and_deletes_its_handler()
{
    auto lines = std::make_shared<std::atomic<int>>(0);
    const std::weak_ptr<std::atomic<int>> watch = lines;
    auto refused = std::make_shared<std::atomic<int>>(0);
    evcp::log_handler log = [lines, refused](const evcp::log_line& line) {
        std::error_code code;
        evcp::stop_log(code);
        *refused += code == evcp::errc::deadlock;
        *lines += line.text.empty() || line.identity != "LOG" ? 0 : 1;
        throw 47;
    };
    set_log_in_the_second_unit(std::move(log));
    {
        evcp::charge_point cp(config("LOG"));
        cp.start();
        while (*lines == 0)
            cp.dispatch(milliseconds(10));
    }
    CHECK(*refused > 0);
    std::error_code code;
    const auto other = [](const evcp::log_line&) {};
    evcp::set_log(static_cast<evcp::log_level>(9), other, code);
    CHECK(code == evcp::errc::invalid);
    lines.reset();
    CHECK(!watch.expired());
    evcp::stop_log();
    CHECK(watch.expired());
}

void two_units_are_one_program()
{
    CHECK(&category_in_the_second_unit() == &evcp::category());
    try {
        fail_in_the_second_unit();
        CHECK(!"nothing was thrown");
    } catch (const evcp::error& thrown) {
        CHECK(thrown.code() == evcp::errc::invalid);
    }
    CHECK(evcp::version() == evcp_version() && evcp::version_number() == evcp_version_number());
}

}    // namespace

int main(int argc, char** argv)
{
    url = argc > 1 ? argv[1] : "ws://127.0.0.1:9";
    an_error_carries_code_and_text();
    an_error_code_takes_the_place_of_an_exception();
    text_with_a_nul_inside_is_refused_and_not_cut();
    a_charge_point_that_cannot_be_made_deletes_its_handlers();
    an_empty_charge_point_refuses_everything();
    a_configuration_is_checked_and_can_be_moved();
    a_session_is_told_step_by_step();
    a_display_is_told_why_not_and_when_the_time_is_over();
    a_charge_point_is_drained_before_an_update();
    facts_arrive_at_the_library();
    an_exception_of_a_handler_is_thrown_by_dispatch();
    an_exception_that_is_an_int_is_thrown_by_dispatch();
    the_first_of_two_exceptions_is_thrown_when_both_handlers_have_run();
    an_exception_goes_to_on_exception_if_there_is_one();
    an_exception_of_on_exception_is_thrown_by_dispatch();
    an_exception_leaves_its_question_answered();
    a_reply_that_is_dropped_answers_by_itself();
    a_reply_may_be_kept_and_answered_on_another_thread();
    a_reply_that_is_replaced_answers_by_itself();
    a_reply_is_answered_once();
    a_reply_may_outlive_the_charge_point();
    a_reply_may_be_answered_while_the_charge_point_is_destroyed();
    handlers_are_deleted_with_the_charge_point();
    a_handler_may_destroy_the_charge_point();
    a_handler_that_destroys_the_charge_point_may_throw();
    waiting_in_a_handler_is_refused();
    a_charge_point_moves_with_all_that_it_has();
    stopping_ends_a_dispatch_on_another_thread();
    destroying_waits_for_a_dispatch_on_another_thread();
    a_signal_handler_ends_a_wait();
    vendor_data_is_concluded_once_and_never_throws_out_of_the_destructor();
    a_network_profile_is_another_way_in();
    an_exception_of_vendor_data_goes_to_on_exception();
    the_log_is_one_for_all_units_and_deletes_its_handler();
    two_units_are_one_program();
    std::cout << failures << " failures\n";
    return failures > 0;
}
