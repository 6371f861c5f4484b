# twinmap_man_pages([COMPONENT <name>] <file>.<section>.scd...): builds the pages with scdoc and installs them where man
# looks. Without scdoc the rest is built all the same: a page is no reason to fail.
find_program(TWINMAP_SCDOC scdoc)
if(NOT TWINMAP_SCDOC)
  message(STATUS "scdoc is not installed: the man pages are left out")
endif()

function(twinmap_man_pages)
  cmake_parse_arguments(PARSE_ARGV 0 pages "" "COMPONENT" "")
  if(NOT TWINMAP_SCDOC)
    return()
  endif()
  set(component)
  if(pages_COMPONENT)
    set(component COMPONENT ${pages_COMPONENT})
  endif()
  foreach(source IN LISTS pages_UNPARSED_ARGUMENTS)
    get_filename_component(source ${source} ABSOLUTE)
    get_filename_component(page ${source} NAME_WLE)  # twinmapd.toml.5.scd is twinmapd.toml.5
    string(REGEX MATCH "[1-9]$" section ${page})
    set(built ${CMAKE_CURRENT_BINARY_DIR}/man/${page})
    # By way of another name: scdoc writes as it reads, and half a page must not look like one.
    add_custom_command(OUTPUT ${built}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/man
      COMMAND sh -c "'${TWINMAP_SCDOC}' <'${source}' >'${built}.part' && mv '${built}.part' '${built}'"
      DEPENDS ${source} VERBATIM COMMENT "Man page ${page}")
    add_custom_target(man_${page} ALL DEPENDS ${built})
    install(FILES ${built} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} ${component})
  endforeach()
endfunction()
