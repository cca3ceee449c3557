# What `cmake --install` puts where for the program: itself, a sample configuration, the unit, man pages and completions.
install(TARGETS holdfast_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)

# The system's configuration is outside of /usr; any other prefix has its own.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(holdfast_sysconfdir "${CMAKE_INSTALL_FULL_SYSCONFDIR}")
else()
  set(holdfast_sysconfdir "${CMAKE_INSTALL_SYSCONFDIR}")
endif()
install(FILES config/holdfast.conf DESTINATION "${holdfast_sysconfdir}/holdfast" COMPONENT program)

file(READ config/systemd/holdfast.service unit)
string(REPLACE "/usr/bin/" "${CMAKE_INSTALL_FULL_BINDIR}/" unit "${unit}")
string(REPLACE "/etc/holdfast/" "${CMAKE_INSTALL_FULL_SYSCONFDIR}/holdfast/" unit "${unit}")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/holdfast.service" CONTENT "${unit}" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/holdfast.service" DESTINATION lib/systemd/system COMPONENT program)

set(documents "${PROJECT_BINARY_DIR}/documents")
install(FILES "${documents}/holdfast.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT program)
install(FILES "${documents}/holdfast.conf.5.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man5" COMPONENT program)
install(FILES "${documents}/holdfast.bash" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME holdfast
  COMPONENT program)
install(FILES "${documents}/_holdfast" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" COMPONENT program)
install(FILES "${documents}/holdfast.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT program)

set(docdir "${CMAKE_INSTALL_DATADIR}/doc/holdfast")
install(DIRECTORY docs/ DESTINATION "${docdir}" COMPONENT program FILES_MATCHING PATTERN "*.md")
install(FILES README.md DESTINATION "${docdir}" COMPONENT program)
install(DIRECTORY config/grafana config/prometheus DESTINATION "${docdir}" COMPONENT program)
