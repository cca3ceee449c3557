# The one library that a host links: every floor below `apps`.
add_library(holdfast)
add_library(holdfast::holdfast ALIAS holdfast)
# Before 1.0 a minor version may break the binary interface: it belongs to the name.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(HOLDFAST_SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
else()
  set(HOLDFAST_SOVERSION ${PROJECT_VERSION_MAJOR})
endif()
set_target_properties(holdfast PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${HOLDFAST_SOVERSION})

function(holdfast_from_floors target)
  foreach(floor IN ITEMS runtime messages config actors engine)
    get_target_property(kind holdfast_${floor} TYPE)
    if(kind STREQUAL "OBJECT_LIBRARY")
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:holdfast_${floor}>)
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${HOLDFAST_INCLUDE_DIR}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target}
    PUBLIC CAF::core
    PRIVATE $<BUILD_INTERFACE:holdfast_options> spdlog::spdlog PkgConfig::hiredis SQLite::SQLite3
            ZLIB::ZLIB prometheus-cpp::core Threads::Threads ${CMAKE_DL_LIBS})
endfunction()
holdfast_from_floors(holdfast)

# The program, the tests and the benchmarks also call what no host may call, which a shared library hides: they link this.
get_target_property(kind holdfast TYPE)
if(kind STREQUAL "SHARED_LIBRARY")
  add_library(holdfast_internal STATIC)
  holdfast_from_floors(holdfast_internal)
else()
  add_library(holdfast_internal ALIAS holdfast)
endif()
