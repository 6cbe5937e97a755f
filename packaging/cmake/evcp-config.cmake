# evcp for CMake:
#
#     find_package(evcp CONFIG REQUIRED)
#     target_link_libraries(firmware PRIVATE evcp::evcp)    # C: evcp.h
#     target_link_libraries(firmware PRIVATE evcp::cpp)     # C++14 and newer: evcp.hpp
#     target_link_libraries(tests PRIVATE evcp::test)       # the test kit, if it is installed: evcp_test.h
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

# Adds a target for a library, if it is there.
macro(_evcp_add _evcp_target _evcp_stem)
    set(_evcp_name "${CMAKE_${_evcp_kind}_LIBRARY_PREFIX}${_evcp_stem}${CMAKE_${_evcp_kind}_LIBRARY_SUFFIX}")
    unset(_evcp_library)
    foreach(_evcp_place IN LISTS _evcp_places)
        if(EXISTS "${_evcp_place}/${_evcp_name}")
            set(_evcp_library "${_evcp_place}/${_evcp_name}")
            set(_evcp_pc "${_evcp_place}/pkgconfig/${_evcp_stem}.pc")
            break()
        endif()
    endforeach()
    if(_evcp_library)
        add_library(${_evcp_target} ${_evcp_kind} IMPORTED)
        set_target_properties(${_evcp_target} PROPERTIES
            IMPORTED_LOCATION "${_evcp_library}"
            INTERFACE_INCLUDE_DIRECTORIES "${_evcp_prefix}/include")
        if(EVCP_USE_STATIC_LIBS)
            # What a static library needs besides itself depends on how it was built: its .pc says it.
            file(STRINGS "${_evcp_pc}" _evcp_private REGEX "^Libs\\.private:")
            string(REGEX REPLACE "^Libs\\.private: *" "" _evcp_private "${_evcp_private}")
            separate_arguments(_evcp_private)
            set_property(TARGET ${_evcp_target} PROPERTY INTERFACE_LINK_LIBRARIES ${_evcp_private})
        endif()
    endif()
endmacro()

_evcp_add(evcp::evcp evcp)
if(NOT TARGET evcp::evcp)
    set(evcp_FOUND FALSE)
    set(evcp_NOT_FOUND_MESSAGE "${_evcp_name} is in none of: ${_evcp_places}")
    return()
endif()

# The test kit takes the place of evcp::evcp in a program of tests: link one of them.
_evcp_add(evcp::test evcp-test)

# The C++ binding is a header, evcp.hpp, beside evcp.h.
add_library(evcp::cpp INTERFACE IMPORTED)
set_target_properties(evcp::cpp PROPERTIES
    INTERFACE_LINK_LIBRARIES evcp::evcp
    INTERFACE_COMPILE_FEATURES cxx_std_14)
