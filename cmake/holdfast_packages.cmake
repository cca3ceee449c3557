# The Debian packages: `cpack` in a build configured with the prefix /usr (scripts/package does both).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME holdfast)
set(CPACK_PACKAGE_VENDOR holdfast)
set(CPACK_PACKAGE_CONTACT "holdfast developers <developers@holdfast.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program development)

# Loaded when they are first wanted: no tool finds them in what is linked.
set(holdfast_late_libraries "libcurl4, libmicrohttpd12 (>= 0.9.73)")

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME holdfast)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "ca-certificates, ${holdfast_late_libraries}")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "redis-server, prometheus")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
foreach(script IN ITEMS conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/cmake/debian/${script}")
endforeach()
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
  "Keeps the list of tradable symbols of an exchange, and counters, available
whatever happens to Redis or to the exchange. This is the program: it serves
both over HTTP, with a dashboard, and looks after them on the command line.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libholdfast-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libcaf-dev, libhiredis-dev, ${holdfast_late_libraries}, libsqlite3-dev, libspdlog-dev, prometheus-cpp-dev, zlib1g-dev, pkg-config")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "Keeps the list of tradable symbols of an exchange, and counters, available
whatever happens to Redis or to the exchange. This is the library for C++20,
to be embedded in a trading engine, with its CMake and pkg-config packages.")

# A shared build has a package for the library itself; the one for development belongs to exactly that.
if(holdfast_library_type STREQUAL "SHARED_LIBRARY")
  list(APPEND CPACK_COMPONENTS_ALL library)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libholdfast${HOLDFAST_SOVERSION})
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "${holdfast_late_libraries}")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${PROJECT_BINARY_DIR}/triggers")
  file(WRITE "${PROJECT_BINARY_DIR}/triggers" "activate-noawait ldconfig\n")
  set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "The shared library of holdfast.")
  string(PREPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libholdfast${HOLDFAST_SOVERSION} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), ")
endif()

# What Debian wants to find in every package.
set(changelog "${PROJECT_BINARY_DIR}/changelog")
configure_file(cmake/debian/changelog.in "${changelog}.Debian" @ONLY)
add_custom_command(OUTPUT "${changelog}.gz" "${changelog}.Debian.gz"
  COMMAND gzip -9nc "${PROJECT_SOURCE_DIR}/CHANGELOG.md" > "${changelog}.gz"
  COMMAND gzip -9nc "${changelog}.Debian" > "${changelog}.Debian.gz"
  DEPENDS "${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${changelog}.Debian" VERBATIM)
add_custom_target(holdfast_changelog ALL DEPENDS "${changelog}.gz" "${changelog}.Debian.gz")
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(docdir "${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}")
  install(FILES LICENSE DESTINATION "${docdir}" RENAME copyright COMPONENT ${component})
  install(FILES "${changelog}.gz" "${changelog}.Debian.gz" DESTINATION "${docdir}" COMPONENT ${component})
endforeach()

include(CPack)
