// evcp.hpp may be included in many units, and twice in one.
#include <evcp.hpp>

#include "second_unit.hpp"

const std::error_category& category_in_the_second_unit() { return evcp::category(); }

void set_log_in_the_second_unit(evcp::log_handler handler)
{
    evcp::set_log(evcp::log_level::trace, std::move(handler));
}

void fail_in_the_second_unit() { evcp::charge_point().start(); }
