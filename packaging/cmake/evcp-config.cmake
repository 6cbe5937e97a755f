# evcp for CMake:
#
#     find_package(evcp CONFIG REQUIRED)
#     target_link_libraries(firmware PRIVATE evcp::evcp)    # C: evcp.h
#     target_link_libraries(firmware PRIVATE evcp::cpp)     # C++14 and newer: evcp.hpp
#
# Set EVCP_USE_STATIC_LIBS to ON before find_package() to link libevcp.a. All is found relative to
# this file, so that the installed tree can be moved.

if(TARGET evcp::evcp)
    return()
endif()

# This file is <prefix>/share/cmake/evcp/evcp-config.cmake.
get_filename_component(_evcp_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(_evcp_places
    "${_evcp_prefix}/lib"
    "${_evcp_prefix}/lib64"
    "${_evcp_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}")

if(EVCP_USE_STATIC_LIBS)
    set(_evcp_kind STATIC)
else()
    set(_evcp_kind SHARED)
endif()
set(_evcp_name "${CMAKE_${_evcp_kind}_LIBRARY_PREFIX}evcp${CMAKE_${_evcp_kind}_LIBRARY_SUFFIX}")

unset(_evcp_library)
foreach(_evcp_place IN LISTS _evcp_places)
    if(EXISTS "${_evcp_place}/${_evcp_name}")
        set(_evcp_library "${_evcp_place}/${_evcp_name}")
        set(_evcp_pc "${_evcp_place}/pkgconfig/evcp.pc")
        break()
    endif()
endforeach()
if(NOT _evcp_library)
    set(evcp_FOUND FALSE)
    set(evcp_NOT_FOUND_MESSAGE "${_evcp_name} is in none of: ${_evcp_places}")
    return()
endif()

add_library(evcp::evcp ${_evcp_kind} IMPORTED)
set_target_properties(evcp::evcp PROPERTIES
    IMPORTED_LOCATION "${_evcp_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${_evcp_prefix}/include")
if(EVCP_USE_STATIC_LIBS)
    # What libevcp.a needs besides itself depends on how it was built: evcp.pc says it.
    file(STRINGS "${_evcp_pc}" _evcp_private REGEX "^Libs\\.private:")
    string(REGEX REPLACE "^Libs\\.private: *" "" _evcp_private "${_evcp_private}")
    separate_arguments(_evcp_private)
    set_property(TARGET evcp::evcp PROPERTY INTERFACE_LINK_LIBRARIES ${_evcp_private})
endif()

# The C++ binding is a header, evcp.hpp, beside evcp.h.
add_library(evcp::cpp INTERFACE IMPORTED)
set_target_properties(evcp::cpp PROPERTIES
    INTERFACE_LINK_LIBRARIES evcp::evcp
    INTERFACE_COMPILE_FEATURES cxx_std_14)
