// A charge point whose answers depend on what is asked, for a central system that looks at them. It
// has seven connectors, and ends when it may reboot; or it has no handlers. usage: questions URL [none]
#include <evcp.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char** argv)
try {
    std::vector<evcp::unlock_reply> kept;
    bool reboot = false;
    evcp::charge_point cp;
    evcp::handlers on;
    on.on_boot = [&](const evcp::boot_info&) {
        cp.data_transfer("vendor", "hello", "there", [](const evcp::data_result& result) {
            std::cout << "vendor data: " << (result.error ? result.error.message() : result.data) << '\n';
        });
    };
    on.on_unlock = [&](std::uint32_t connector, evcp::unlock_reply reply) {
        switch (connector) {
        case 1: break;    // dropped
        case 2: reply.unlocked(); break;
        case 3: reply.failed(); break;
        case 4: reply.not_supported(); break;
        case 5: kept.push_back(std::move(reply)); break;
        case 6: throw std::runtime_error("the motor burns");
        default: throw 7;
        }
    };
    on.on_reset = [](bool hard, evcp::reset_reply reply) {
        if (hard)
            reply.accept();    // a soft one is dropped
    };
    on.on_data_transfer = [](const evcp::vendor_data& asked, evcp::data_reply reply) {
        if (asked.vendor == "echo")
            reply.answer(evcp::data_status::accepted, asked.message + "/" + asked.data);
        else if (asked.vendor != "dropped")
            reply.answer(evcp::data_status::unknown_vendor);
    };
    on.on_meter_read = [](std::uint32_t, evcp::reading, evcp::meter_reply) {};    // dropped
    on.on_key_changed = [](const evcp::key_info& changed) {
        std::cout << "key " << changed.key << " is " << changed.value << '\n';
    };
    on.on_availability = [](std::uint32_t connector, bool operative) {
        std::cout << "connector " << connector << (operative ? " in" : " out of") << " service\n";
    };
    on.on_time = [](std::chrono::system_clock::time_point now) {
        const auto off = now - std::chrono::system_clock::now();
        const bool right = off < std::chrono::hours(1) && off > -std::chrono::hours(1);
        std::cout << (right ? "time\n" : "wrong time\n");
    };
    on.on_exception = [](std::exception_ptr thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& what) {
            std::cout << "exception: " << what.what() << '\n';
        } catch (...) {
            std::cout << "exception of another kind\n";
        }
    };
    on.on_reboot = [&](bool hard) { reboot = hard; };

    evcp::config cfg;
    cfg.url(argv[1]).identity("QUESTIONS").device("evcp", "questions").connectors(7);
    cfg.declare("Colour", "red");
    // Longer than a central system waits: what it sees is no answer of the library's own.
    cfg.set("answer.timeout_s", "1000").set("meter.timeout_s", "1000");
    cp = evcp::charge_point(cfg, argc > 2 ? evcp::handlers() : std::move(on));
    cp.push_meter(2, {evcp::sample(4321)});
    cp.start();
    while (!reboot) {
        cp.dispatch(evcp::forever);
        // The handler has returned: what it kept is answered by another thread.
        if (!kept.empty())
            std::thread([&] { kept.back().unlocked(); }).join();
        kept.clear();
    }
    return 0;
} catch (const std::exception& why) {
    std::cerr << why.what() << '\n';
    return 1;
}
