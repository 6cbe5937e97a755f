// The test kit through C++: evcp.hpp and evcp::test::world together. usage: test_kit EMPTY-DIRECTORY
#include <evcp.hpp>
#include <evcp_test.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

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
    } catch (const std::exception& thrown) {
        return thrown.what();
    }
    return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A charger, as small as can be.
struct charger {
    explicit charger(const std::string& storage)
    {
        evcp::config cfg;
        cfg.url("ws://central.example").identity("CPP").device("evcp", "kit").storage(storage);
        evcp::handlers handlers;
        handlers.on_supply = [this](std::uint32_t, const evcp::supply& command) { closed = command.permit; };
        handlers.on_meter_read = [this](std::uint32_t, evcp::reading, evcp::meter_reply reply) {
            reply.shows({ evcp::sample(wh += 100) });
        };
        cp = std::make_unique<evcp::charge_point>(cfg, handlers);
        cp->start();
    }

    bool closed = false;
    double wh = 1000;
    std::unique_ptr<evcp::charge_point> cp;
};

void charge(evcp::test::world& world, charger& it)
{
    it.cp->present_tag(1, "CAFE01");
    it.cp->set_ev(1, evcp::ev::charging);
    world.advance(1000);
}

void a_session_survives_a_power_cut(const std::string& folder)
{
    evcp::test::world world;
    {
        charger it(folder);
        CHECK(world.advance(0) > 0);
        CHECK(world.value(world.sent_call("BootNotification"), "/chargePointModel") == "kit");
        charge(world, it);
        CHECK(it.closed && world.tx_count() == 1 && !world.tx(0).stopped);
        world.power_cut();
        CHECK(has(thrown_by([&] { it.cp->set_ev(1, evcp::ev::absent); }), "stopped"));
    }
    charger it(folder);
    it.cp->set_ev(1, evcp::ev::plugged);
    world.advance(60000);
    CHECK(world.tx(0).stopped && world.tx(0).reason == std::string("PowerLoss"));
    CHECK(has(thrown_by([&] { world.tx(1); }), "there are 1"));
    CHECK(has(thrown_by([&] { charger second(""); }), "evcp_test_power_cut()"));
}

void the_central_system_follows_its_rules()
{
    evcp::test::world world;
    charger it("");
    world.advance(0);
    world.set_tag("CAFE01", "Blocked");
    charge(world, it);
    CHECK(!it.closed);
    world.set_tag("CAFE01");
    world.rule("Authorize", EVCP_TEST_BY_HAND);
    charge(world, it);
    world.refuse("InternalError");
    charge(world, it);
    world.reply("{\"idTagInfo\":{\"status\":\"Accepted\"}}");
    world.advance(1000);
    CHECK(it.closed);
    world.rule("", EVCP_TEST_ANSWER);
    CHECK(world.call("ClearCache") == "{\"status\":\"Accepted\"}" && world.answer() == world.call("ClearCache"));
    CHECK(has(thrown_by([&] { world.rule("Nonsense", EVCP_TEST_SILENT); }), "Nonsense"));
    world.set_delay(10);
    CHECK(world.call("ClearCache", "{}").empty());
    world.link(EVCP_TEST_LINK_DOWN);
    world.storage(EVCP_TEST_STORAGE_FAILS);
    world.advance(1000);
    CHECK(has(thrown_by([&] { world.call("ClearCache"); }), "no connection"));
    CHECK(!world.sent().empty());
}

void time_is_virtual()
{
    evcp::test::world world;
    int ticks = 0;
    world.every(10, [&ticks] { ticks++; });
    world.advance(100);
    CHECK(ticks == 10 && world.now() == 100 && world.clock() == 1767225600100);
    world.stall(100);
    world.set_clock(7);
    CHECK(ticks == 10 && world.now() == 200 && world.clock() == 7);
    world.every(10, [] { throw std::runtime_error("the firmware's own"); });
    CHECK(thrown_by([&] { world.advance(10); }) == "the firmware's own");
    world.every(0, {});
    CHECK(world.advance(100) == 0 && evcp_test_now(world.get()) == world.now());
    CHECK(has(thrown_by([] { evcp::test::world second; }), "evcp_test_free()"));
}

}  // namespace

int main(int count, char** args)
{
    if (count != 2)
        return 2;
    a_session_survives_a_power_cut(args[1]);
    the_central_system_follows_its_rules();
    time_is_virtual();
    std::cerr << failures << " failures\n";
    return failures != 0;
}
