# Public headers include each other as <holdfast/runtime/...>. In the build tree that path is a folder of links,
# so that only `include/` reaches a host and its own `config/` or `runtime/` never collides with ours.
set(HOLDFAST_INCLUDE_DIR "${PROJECT_BINARY_DIR}/include")
file(MAKE_DIRECTORY "${HOLDFAST_INCLUDE_DIR}/holdfast")
foreach(floor IN ITEMS runtime messages config actors engine)
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${floor}" "${HOLDFAST_INCLUDE_DIR}/holdfast/${floor}" SYMBOLIC)
endforeach()
configure_file(cmake/version.hpp.in "${HOLDFAST_INCLUDE_DIR}/holdfast/version.hpp" @ONLY)

# One floor of the house: an object library of every source file in its folder.
#   holdfast_floor(NAME [floor below and libraries ...])
function(holdfast_floor name)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(NOT sources)
    add_library(holdfast_${name} INTERFACE)
    target_link_libraries(holdfast_${name} INTERFACE ${ARGN})
    return()
  endif()
  add_library(holdfast_${name} OBJECT ${sources})
  target_include_directories(holdfast_${name}
    PRIVATE "${PROJECT_SOURCE_DIR}"
    PUBLIC "$<BUILD_INTERFACE:${HOLDFAST_INCLUDE_DIR}>")
  target_link_libraries(holdfast_${name} PRIVATE holdfast_options PUBLIC ${ARGN})
  # What a host may link is marked with HOLDFAST_EXPORT.
  set_target_properties(holdfast_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  holdfast_unite(holdfast_${name})
endfunction()
