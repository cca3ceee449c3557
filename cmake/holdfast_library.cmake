# The one library that a host links: every floor below `apps`.
add_library(holdfast)
add_library(holdfast::holdfast ALIAS holdfast)
foreach(floor IN ITEMS runtime messages config actors engine)
  get_target_property(kind holdfast_${floor} TYPE)
  if(kind STREQUAL "OBJECT_LIBRARY")
    target_sources(holdfast PRIVATE $<TARGET_OBJECTS:holdfast_${floor}>)
  endif()
endforeach()
set_target_properties(holdfast PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE CXX)
target_compile_features(holdfast PUBLIC cxx_std_20)
target_include_directories(holdfast PUBLIC
  "$<BUILD_INTERFACE:${HOLDFAST_INCLUDE_DIR}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_link_libraries(holdfast
  PUBLIC CAF::core
  PRIVATE $<BUILD_INTERFACE:holdfast_options> spdlog::spdlog PkgConfig::hiredis CURL::libcurl SQLite::SQLite3
          ZLIB::ZLIB PkgConfig::microhttpd prometheus-cpp::core Threads::Threads)
