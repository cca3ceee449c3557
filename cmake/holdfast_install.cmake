# What `cmake --install` puts where: the library, the headers that a host may reach, the CMake and pkg-config packages,
# and what belongs to the program. Components: library, development, program.
include(CMakePackageConfigHelpers)
set(holdfast_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/holdfast")

install(TARGETS holdfast EXPORT holdfast
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)

# Public is what the front door includes, directly or not; everything else stays inside.
function(holdfast_public_headers result)
  set(found "")
  set(waiting ${ARGN})
  while(waiting)
    list(POP_FRONT waiting header)
    list(APPEND found ${header})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${header}")
    file(STRINGS "${PROJECT_SOURCE_DIR}/${header}" includes REGEX "^#include <holdfast/[a-z]+/")
    foreach(include IN LISTS includes)
      string(REGEX REPLACE "^#include <holdfast/([^>]+)>.*" "\\1" included "${include}")
      if(NOT included IN_LIST found AND NOT included IN_LIST waiting)
        list(APPEND waiting ${included})
      endif()
    endforeach()
  endwhile()
  set(${result} ${found} PARENT_SCOPE)
endfunction()
holdfast_public_headers(headers engine/engine.hpp config/keys.hpp config/metric_keys.hpp messages/task_request.hpp)
foreach(header IN LISTS headers)
  get_filename_component(floor "${header}" DIRECTORY)
  install(FILES "${header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/holdfast/${floor}" COMPONENT development)
endforeach()
install(FILES "${HOLDFAST_INCLUDE_DIR}/holdfast/version.hpp" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/holdfast"
  COMPONENT development)

# A static archive brings no dependencies of its own: whoever links it needs them.
get_target_property(holdfast_library_type holdfast TYPE)
if(holdfast_library_type STREQUAL "SHARED_LIBRARY")
  set(holdfast_pc_requires "Requires.private")
else()
  set(holdfast_pc_requires "Requires")
endif()
install(EXPORT holdfast NAMESPACE holdfast:: FILE holdfastTargets.cmake DESTINATION "${holdfast_package_dir}"
  COMPONENT development)
configure_package_config_file(cmake/holdfastConfig.cmake.in "${PROJECT_BINARY_DIR}/holdfastConfig.cmake"
  INSTALL_DESTINATION "${holdfast_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/holdfastConfig.cmake" "${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake"
  cmake/FindCAF.cmake DESTINATION "${holdfast_package_dir}" COMPONENT development)

# Found from where the file lies, so that an installed tree can be moved; Debian's place is known.
set(holdfast_pc_prefix "${CMAKE_INSTALL_PREFIX}")
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  file(RELATIVE_PATH holdfast_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" holdfast_pc_prefix "\${pcfiledir}/${holdfast_pc_prefix}")
endif()
configure_file(cmake/holdfast.pc.in "${PROJECT_BINARY_DIR}/holdfast.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/holdfast.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)

if(TARGET holdfast_program)
  include(holdfast_install_program)
  include(holdfast_packages)
endif()
