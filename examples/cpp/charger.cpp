// A small but honest firmware: two connectors, contactors, a lock motor that takes its time, meters
// that integrate, and a reader for tags on stdin. One thread, one poll loop.
//
// usage: charger [--url URL] [--id NAME] [--state-dir DIR] [--profile N] [--key TEXT] [--ca FILE]
//
// stdin: plug N, unplug N, tag N ID, fault N CODE, clear N, status, quit
#include <evcp.hpp>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using std::chrono::steady_clock;

constexpr double power_w = 11000;
constexpr std::chrono::milliseconds motor_takes{400};

void say(const std::string& what, std::uint32_t connector, const std::string& detail)
{
    std::cout << what << std::string(what.size() < 13 ? 13 - what.size() : 1, ' ') << detail;
    if (connector != 0)
        std::cout << "  (connector " << connector << ")";
    std::cout << std::endl;
}

// The word for a value of an enum, which may be newer than this program.
template <std::size_t count, class Value>
const char* word(const std::array<const char*, count>& words, Value value)
{
    const auto at = static_cast<std::size_t>(value);
    return at < count ? words[at] : "?";
}

// A lock motor on its way, and the question that it moves for.
struct motor {
    evcp::unlock_reply reply;
    std::uint32_t connector;
    steady_clock::time_point arrives;
};

// The hardware behind one connector.
struct outlet {
    bool plugged = false;    // a vehicle, which wants energy
    bool closed = false;     // the contactor
    double wh = 0;           // the register
    steady_clock::time_point since = steady_clock::now();

    // Brings the register up to now. To be called before the contactor moves.
    void integrate()
    {
        const auto now = steady_clock::now();
        if (closed)
            wh += power_w * std::chrono::duration<double, std::ratio<3600>>(now - since).count();
        since = now;
    }
};

class charger {
public:
    explicit charger(evcp::config& cfg)
    {
        cfg.connectors(static_cast<std::uint32_t>(outlets_.size()));
        cp_ = evcp::charge_point(cfg, handlers());
        cp_.start();
    }

    void run()
    {
        while (!quit_) {
            std::array<pollfd, 2> fds{{{cp_.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
            if (poll(fds.data(), fds.size(), until_next_motor()) < 0)
                continue;    // a signal
            if (fds[0].revents != 0)
                cp_.dispatch();
            if (fds[1].revents != 0)
                read_stdin();
            motors_arrive();
        }
        cp_.stop(std::chrono::seconds(2));
        cp_.dispatch();
    }

private:
    // ---- what the library wants ----

    evcp::handlers handlers()
    {
        evcp::handlers on;
        on.on_supply = [this](std::uint32_t connector, const evcp::supply& command) {
            outlet& at = outlets_.at(connector - 1);
            const bool close = command.permit && at.plugged;
            if (close == at.closed)
                return;
            at.integrate();
            at.closed = close;
            say("contactor", connector, close ? "closed, energy flows" : "open");
            tell_ev(connector);
        };
        on.on_unlock = [this](std::uint32_t connector, evcp::unlock_reply reply) {
            const auto same = [=](const motor& one) { return one.connector == connector; };
            if (std::any_of(motors_.begin(), motors_.end(), same))
                return;    // it runs already; the reply says so by itself: UnlockFailed
            say("lock", connector, "motor runs");
            motors_.push_back({std::move(reply), connector, steady_clock::now() + motor_takes});
        };
        on.on_meter_read = [this](std::uint32_t connector, evcp::reading, evcp::meter_reply reply) {
            outlet& at = outlets_.at(connector - 1);
            at.integrate();
            const double power = at.closed ? power_w : 0;
            reply.shows({evcp::sample(at.wh), evcp::sample(power, evcp::measurand::power_import)});
        };
        on.on_reset = [](bool hard, evcp::reset_reply reply) {
            say("reset", 0, hard ? "hard" : "soft");
            reply.accept();
        };
        on.on_reboot = [this](bool) {
            say("reboot", 0, "a device would restart now");
            quit_ = true;
        };
        on.on_connection = [](const evcp::connection_info& link) {
            const bool up = link.state == evcp::link_state::connected;
            say("link", 0, up ? "connected" : "not connected: " + link.detail);
        };
        on.on_boot = [](const evcp::boot_info& boot) {
            say("boot", 0, word<3>({"accepted", "pending", "rejected"}, boot.status));
        };
        on.on_auth = [](const evcp::auth_info& auth) {
            const bool known = auth.why == evcp::refusal::none;
            say("tag", auth.reader,
                auth.tag + " to " + evcp::name(auth.purpose) + ": " +
                    (known ? evcp::name(auth.status) : evcp::name(auth.why)));
        };
        on.on_timeout = [](const evcp::timeout_info& timeout) {
            say("time over", timeout.connector, timeout.tag);
        };
        on.on_status = [](const evcp::status_info& now) {
            say_status(now.connector, now.status, now.code);
        };
        on.on_tx = [](const evcp::transaction& tx) {
            std::ostringstream text;
            if (tx.change == evcp::tx_change::started)
                text << "started by " << tx.tag << " at " << tx.meter_start_wh << " Wh";
            else if (tx.change == evcp::tx_change::confirmed)
                text << "has id " << tx.ocpp_id;
            else if (tx.change == evcp::tx_change::stopped)
                text << "stopped (" << evcp::name(tx.reason) << ") at " << tx.meter_stop_wh << " Wh";
            else
                text << "step " << static_cast<unsigned>(tx.change);
            say("transaction", tx.connector, text.str());
        };
        on.on_storage = [](const evcp::storage_info& storage) {
            const bool fails = storage.state == evcp::storage_state::fails;
            say("storage", 0, (fails ? "FAILS " : "works ") + storage.detail);
        };
        on.on_fatal = [this](const evcp::error& why) {
            std::cerr << why.what() << '\n';
            for (outlet& each : outlets_)
                each.closed = false;    // supply nothing
            quit_ = true;
        };
        return on;
    }

    // Tells the library what the control pilot says.
    void tell_ev(std::uint32_t connector)
    {
        const outlet& at = outlets_.at(connector - 1);
        if (!at.plugged)
            cp_.set_ev(connector, evcp::ev::absent);
        else
            cp_.set_ev(connector, at.closed ? evcp::ev::charging : evcp::ev::plugged);
    }

    static void say_status(std::uint32_t connector, evcp::connector_status now, evcp::fault_code code)
    {
        const std::string text = evcp::name(now);
        if (connector != 0)
            say("status", connector,
                code == evcp::fault_code::no_error ? text : text + ": " + evcp::name(code));
    }

    // The code with that name, or a number that is none.
    static evcp::fault_code fault_code_of(const std::string& name)
    {
        std::uint32_t code = 0;
        const auto here = [&] { return std::string(evcp::name(static_cast<evcp::fault_code>(code))); };
        while (here() != "unknown" && here() != name)
            ++code;
        return static_cast<evcp::fault_code>(code);
    }

    // ---- what the hardware does ----

    int until_next_motor() const
    {
        if (motors_.empty())
            return -1;
        const auto left = motors_.front().arrives - steady_clock::now();
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
        return static_cast<int>(std::max<decltype(ms)>(ms, 0));
    }

    // All motors take the same time: the first one that started arrives first.
    void motors_arrive()
    {
        while (!motors_.empty() && motors_.front().arrives <= steady_clock::now()) {
            std::error_code late;
            motors_.front().reply.unlocked(late);
            say("lock", motors_.front().connector, late ? "open, but " + late.message() : "open");
            motors_.erase(motors_.begin());
        }
    }

    // ---- what people do ----

    void command(const std::string& line)
    {
        std::istringstream words(line);
        std::string verb, text;
        std::uint32_t connector = 0;
        words >> verb >> connector >> text;
        if (verb == "quit") {
            quit_ = true;
        } else if (verb == "status") {
            for (std::uint32_t each = 1; each <= outlets_.size(); ++each)
                say_status(each, cp_.get_status(each), evcp::fault_code::no_error);
        } else if (connector < 1 || connector > outlets_.size()) {
            say("?", 0, "plug N, unplug N, tag N ID, fault N CODE, clear N, status, quit");
        } else if (verb == "plug" || verb == "unplug") {
            outlet& at = outlets_[connector - 1];
            at.integrate();
            at.plugged = verb == "plug";
            at.closed = at.closed && at.plugged;
            say("cable", connector, at.plugged ? "plugged in" : "pulled out");
            tell_ev(connector);
        } else if (verb == "tag") {
            cp_.present_tag(connector, text);
        } else if (verb == "fault") {
            cp_.set_fault(connector, fault_code_of(text));
        } else if (verb == "clear") {
            cp_.clear_fault(connector);
        } else {
            say("?", 0, verb);
        }
    }

    // Reads what is there; a line may come in pieces.
    void read_stdin()
    {
        std::array<char, 256> piece;
        const ssize_t got = read(STDIN_FILENO, piece.data(), piece.size());
        if (got < 0 && errno == EINTR)
            return;
        quit_ = quit_ || got <= 0;
        typed_.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        for (std::size_t end; (end = typed_.find('\n')) != std::string::npos; typed_.erase(0, end + 1)) {
            try {
                command(typed_.substr(0, end));
            } catch (const evcp::error& why) {
                say("error", 0, why.what());    // a person typed it: nothing to end for
            }
        }
    }

    std::array<outlet, 2> outlets_;
    std::vector<motor> motors_;
    std::string typed_;
    bool quit_ = false;
    evcp::charge_point cp_;    // last: its handlers use what stands above
};

void option(evcp::config& cfg, const std::string& name, const std::string& value)
{
    if (name == "--url")
        cfg.url(value);
    else if (name == "--id")
        cfg.identity(value);
    else if (name == "--state-dir")
        cfg.storage(value);
    else if (name == "--profile")
        cfg.profile(static_cast<std::uint32_t>(std::stoul(value)));
    else if (name == "--key")
        cfg.auth_key(value);
    else if (name == "--ca") {
        std::ifstream file(value, std::ios::binary);
        cfg.ca_pem(std::string(std::istreambuf_iterator<char>(file), {}));
    } else if (name.compare(0, 2, "--") == 0)
        cfg.set(name.substr(2), value);    // any key: --HeartbeatInterval 60
    else
        throw std::invalid_argument(name);
}

}    // namespace

int main(int argc, char** argv)
try {
    evcp::set_log(evcp::log_level::warn, [](const evcp::log_line& line) {
        std::cerr << line.target + ": " + line.text + "\n";
    });
    evcp::config cfg;
    cfg.url("ws://127.0.0.1:9000").identity("CHARGER").device("evcp", "charger.cpp", "0001", "1.0");
    for (int i = 1; i + 1 < argc; i += 2)
        option(cfg, argv[i], argv[i + 1]);
    charger(cfg).run();
    return 0;
} catch (const std::exception& why) {
    std::cerr << "charger: " << why.what() << '\n';
    return 1;
}
