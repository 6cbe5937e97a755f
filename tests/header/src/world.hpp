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
