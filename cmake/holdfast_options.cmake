# What every target of the project is compiled with: `target_link_libraries(x PRIVATE holdfast_options)`.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "build type" FORCE)
endif()

find_program(HOLDFAST_CCACHE ccache)
if(PROJECT_IS_TOP_LEVEL AND HOLDFAST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # So that it also keeps what is compiled with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${HOLDFAST_CCACHE}")
endif()
find_program(HOLDFAST_MOLD mold)
mark_as_advanced(HOLDFAST_CCACHE HOLDFAST_MOLD)

add_library(holdfast_options INTERFACE)
target_compile_features(holdfast_options INTERFACE cxx_std_20)
# Warnings are for those who work on holdfast, not for a host that builds it with a compiler of its own.
if(HOLDFAST_WARNINGS)
  # g++ 12 takes "literal" + std::string for overlapping memory (-Wrestrict). Designated initialisers leave fields to their defaults on purpose, which -Wextra takes for an oversight.
  target_compile_options(holdfast_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
endif()
if(HOLDFAST_WERROR)
  target_compile_options(holdfast_options INTERFACE -Werror)
endif()
if(HOLDFAST_MOLD AND PROJECT_IS_TOP_LEVEL)
  target_link_options(holdfast_options INTERFACE -fuse-ld=mold)
endif()
if(HOLDFAST_SANITIZE)
  target_compile_options(holdfast_options INTERFACE -fsanitize=${HOLDFAST_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(holdfast_options INTERFACE -fsanitize=${HOLDFAST_SANITIZE})
  if(HOLDFAST_SANITIZE MATCHES "undefined")
    # CAF's own spawn templates bind references to null; RapidJSON's empty stack adds to a null pointer.
    target_compile_options(holdfast_options INTERFACE -fno-sanitize=null,pointer-overflow)
  endif()
endif()
