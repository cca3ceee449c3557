# Reading the headers of the standard library and of CAF is most of what compiling holdfast takes. The presets of those who work
# on it read them once for a target; everybody else, and so every package, compiles each source by itself.
option(HOLDFAST_PRECOMPILE "precompile the headers from outside that most sources include" OFF)

set(holdfast_standard_headers <algorithm> <array> <atomic> <chrono> <filesystem> <fstream> <functional> <map> <memory> <mutex> <optional>
  <random> <set> <sstream> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector>)
set(holdfast_caf_headers <caf/actor_system.hpp> <caf/actor_system_config.hpp> <caf/event_based_actor.hpp> <caf/scoped_actor.hpp>
  <caf/send.hpp> <caf/stateful_actor.hpp> <caf/typed_actor.hpp> <caf/typed_event_based_actor.hpp> <caf/typed_response_promise.hpp>)

# holdfast_precompile(TARGET [UNOPTIMISED] [header ...]): beside those of the standard library. g++ 12 warns of the standard library's
# own lines where they come precompiled and are optimised: with it only what is not optimised has them.
function(holdfast_precompile target)
  cmake_parse_arguments(PARSE_ARGV 1 wanted "UNOPTIMISED" "" "")
  if(HOLDFAST_PRECOMPILE AND (wanted_UNOPTIMISED OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU"))
    target_precompile_headers(${target} PRIVATE ${holdfast_standard_headers} ${wanted_UNPARSED_ARGUMENTS})
  endif()
endfunction()

# holdfast_precompile_as(TARGET OTHER): with what OTHER has precompiled. Its options must be those of TARGET; definitions of their own
# that no precompiled header reads may differ.
function(holdfast_precompile_as target other)
  get_target_property(headers ${other} PRECOMPILE_HEADERS)
  if(headers)
    target_precompile_headers(${target} REUSE_FROM ${other})
  endif()
endfunction()

option(HOLDFAST_UNITE "compile the sources of one concept together" OFF)

# holdfast_unite(TARGET): the sources whose names begin with the same word, as cache.cpp and cache_lease.cpp, are one for the compiler,
# which then makes what they share of CAF once: a third of the time.
function(holdfast_unite target)
  if(NOT HOLDFAST_UNITE)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME)
    string(REGEX MATCH "^[a-z]+" concept "${name}")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP ${concept})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # g++ warns of what a source keeps to itself where it is not the one it was called with.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

if(HOLDFAST_PRECOMPILE)
  # Without a time stamp in it the same header is the same file, and so the same entry of a compiler cache.
  add_compile_options("$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
