# Installs what systemd needs of the daemon. Included last, when it is known whether there is one.
if(TARGET twinmapd)
  find_package(PkgConfig)
  # Where systemd looks below /usr. Elsewhere, and where systemd's own answer is not to be had, the prefix decides.
  foreach(directory IN ITEMS systemdsystemunitdir sysusersdir tmpfilesdir)
    if(PKG_CONFIG_FOUND)
      execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --variable=${directory} systemd
        OUTPUT_VARIABLE ${directory} OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    endif()
  endforeach()
  set(TWINMAP_SYSTEM_UNIT_DIR ${systemdsystemunitdir} CACHE STRING "Units, if installed below /usr")
  set(TWINMAP_SYSTEM_SYSUSERS_DIR ${sysusersdir} CACHE STRING "sysusers.d, if installed below /usr")
  set(TWINMAP_SYSTEM_TMPFILES_DIR ${tmpfilesdir} CACHE STRING "tmpfiles.d, if installed below /usr")

  configure_file(cmake/install_service.cmake.in ${PROJECT_BINARY_DIR}/install_service.cmake @ONLY)
  install(SCRIPT ${PROJECT_BINARY_DIR}/install_service.cmake COMPONENT daemon)
endif()
