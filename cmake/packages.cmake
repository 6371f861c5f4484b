# `cpack -G DEB` makes four Debian packages, one of each component. tools/packages calls it the way that Debian wants it:
# below /usr, with Debian's compiler flags, and a lintian run.
set(TWINMAP_PACKAGE_RELEASE 1 CACHE STRING "Debian's revision of this version")
set(TWINMAP_PACKAGE_VERSION "" CACHE STRING "Version of the packages, if not the project's")
set(TWINMAP_MAINTAINER "twinmap maintainers <maintainers@twinmap.example.org>" CACHE STRING "Who made the packages")

if(NOT TWINMAP_PACKAGE_VERSION)
  set(TWINMAP_PACKAGE_VERSION ${PROJECT_VERSION})
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME twinmap)
set(CPACK_PACKAGE_VERSION ${TWINMAP_PACKAGE_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each component has its own
set(CPACK_PACKAGE_CONTACT ${TWINMAP_MAINTAINER})
set(CPACK_SET_DESTDIR ON)  # some files go to /etc
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/compress_pages.cmake)
set(CPACK_COMPONENTS_ALL library development daemon tools)
set(CPACK_DEB_COMPONENT_INSTALL ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${TWINMAP_PACKAGE_RELEASE})
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)
set(debian_dir ${PROJECT_SOURCE_DIR}/cmake/debian)
set(same_version "libtwinmap0 (= ${TWINMAP_PACKAGE_VERSION}-${TWINMAP_PACKAGE_RELEASE})")

# twinmap_package(<component> <name> <section> <synopsis> <description>)
macro(twinmap_package component name section synopsis description)
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${section})
  set(CPACK_COMPONENT_${key}_DESCRIPTION "${synopsis}\n${description}")
  foreach(script IN ITEMS postinst prerm postrm triggers conffiles)
    if(EXISTS ${debian_dir}/${name}/${script})
      list(APPEND CPACK_DEBIAN_${key}_PACKAGE_CONTROL_EXTRA ${debian_dir}/${name}/${script})
    endif()
  endforeach()
  # Policy: each package brings its license and its changes.
  install(FILES ${debian_dir}/copyright ${PROJECT_BINARY_DIR}/debian/changelog.Debian.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component} EXCLUDE_FROM_ALL)
endmacro()

twinmap_package(library libtwinmap0 libs "concurrent map in shared memory (library)"
"A map that several processes share: lookups take no lock and make no system
call, whatever the other processes are doing, running, stopped or killed.
.
This package contains the shared library and a Python module.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SUGGESTS "python3, twinmapd")

twinmap_package(development libtwinmap-dev libdevel "concurrent map in shared memory (development files)"
"A map that several processes share: lookups take no lock and make no system
call, whatever the other processes are doing, running, stopped or killed.
.
This package contains the headers for C++ and C, and what find_package and
pkg-config need.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${same_version}, libboost-dev (>= 1.74), libxxhash-dev")

twinmap_package(daemon twinmapd admin "daemon that cares for maps in shared memory"
"A map of twinmap is shared by several processes and needs none of them in
particular. The daemon creates maps at boot, does the promotions that a
writer would else pay for, cleans up after processes that were killed, and
answers on a control socket.")
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS
  "${same_version}, systemd | systemd-standalone-sysusers | systemd-sysusers, init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_DAEMON_PACKAGE_SUGGESTS twinmap-tools)

twinmap_package(tools twinmap-tools utils "look at maps in shared memory, and change them"
"The command-line tool of twinmap, a map that several processes share: list,
read, change, dump and restore maps, watch them live, and find out what is
wrong with them.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${same_version}")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS twinmapd)

# Debian's own changelog: the day is that of the last change, so that the same source gives the same package.
find_package(Git QUIET)
execute_process(COMMAND ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR} log -1 --format=%cD
  OUTPUT_VARIABLE changelog_date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT changelog_date)
  execute_process(COMMAND date -R OUTPUT_VARIABLE changelog_date OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
configure_file(${debian_dir}/changelog.in ${PROJECT_BINARY_DIR}/debian/changelog.Debian @ONLY)
execute_process(COMMAND gzip -9nkf ${PROJECT_BINARY_DIR}/debian/changelog.Debian)

include(CPack)
