// What the second translation unit of the tests says: both include evcp.hpp and are one program.
#ifndef SECOND_UNIT_HPP
#define SECOND_UNIT_HPP

#include <evcp.hpp>

const std::error_category& category_in_the_second_unit();
void set_log_in_the_second_unit(evcp::log_handler handler);
void fail_in_the_second_unit();

#endif
