# The version stands in evcp.h. Before 1.0 a minor version may break the C ABI, after it only a
# major one (docs/abi.md).

get_filename_component(_evcp_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
foreach(_evcp_part MAJOR MINOR PATCH)
    file(STRINGS "${_evcp_prefix}/include/evcp.h" _evcp_line REGEX "^#define EVCP_VERSION_${_evcp_part} ")
    string(REGEX REPLACE ".* " "" _evcp_${_evcp_part} "${_evcp_line}")
endforeach()
set(PACKAGE_VERSION "${_evcp_MAJOR}.${_evcp_MINOR}.${_evcp_PATCH}")

set(PACKAGE_VERSION_COMPATIBLE FALSE)
set(PACKAGE_VERSION_EXACT FALSE)
if(NOT PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION
   AND PACKAGE_FIND_VERSION_MAJOR EQUAL _evcp_MAJOR
   AND (_evcp_MAJOR GREATER 0 OR PACKAGE_FIND_VERSION_MINOR EQUAL _evcp_MINOR))
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
    if(PACKAGE_VERSION VERSION_EQUAL PACKAGE_FIND_VERSION)
        set(PACKAGE_VERSION_EXACT TRUE)
    endif()
endif()
