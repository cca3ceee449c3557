# What `cmake --install` puts where: the library, the headers that a host may reach, the CMake and pkg-config packages.
include(CMakePackageConfigHelpers)
set(holdfast_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/holdfast")

install(TARGETS holdfast EXPORT holdfast
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET holdfast_program)
  install(TARGETS holdfast_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# Private headers include root-relative, public ones <holdfast/...>: that tells them apart.
foreach(floor IN ITEMS runtime messages config actors engine)
  file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${floor}/*.hpp")
  foreach(header IN LISTS headers)
    file(STRINGS "${header}" private_includes REGEX "^#include \"")
    if(NOT private_includes)
      install(FILES "${header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/holdfast/${floor}")
    endif()
  endforeach()
endforeach()

install(EXPORT holdfast NAMESPACE holdfast:: FILE holdfastTargets.cmake DESTINATION "${holdfast_package_dir}")
configure_package_config_file(cmake/holdfastConfig.cmake.in "${PROJECT_BINARY_DIR}/holdfastConfig.cmake"
  INSTALL_DESTINATION "${holdfast_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/holdfastConfig.cmake" "${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake"
  cmake/FindCAF.cmake DESTINATION "${holdfast_package_dir}")

# A static archive brings no dependencies of its own.
if(BUILD_SHARED_LIBS)
  set(holdfast_pc_requires "Requires.private")
else()
  set(holdfast_pc_requires "Requires")
endif()
configure_file(cmake/holdfast.pc.in "${PROJECT_BINARY_DIR}/holdfast.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/holdfast.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
