# What `cmake --install` puts in place: the shared library, every header, and the two ways to find them. Each line of
# installation names its component: library, development, daemon or tools. A component is a Debian package (packages.cmake).
include(CMakePackageConfigHelpers)

install(TARGETS twinmap EXPORT twinmap-targets
  LIBRARY COMPONENT library NAMELINK_COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/lib/twinmap
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/twinmap)
install(EXPORT twinmap-targets NAMESPACE twinmap:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/twinmap-config.cmake.in ${PROJECT_BINARY_DIR}/twinmap-config.cmake
  INSTALL_DESTINATION ${package_dir})
# Until 1.0 a minor version may change the interface.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/twinmap-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/twinmap-config.cmake ${PROJECT_BINARY_DIR}/twinmap-config-version.cmake
  DESTINATION ${package_dir} COMPONENT development)

# Relative to the file itself, so that an installed tree may be moved.
file(RELATIVE_PATH pc_include_dir
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(${PROJECT_SOURCE_DIR}/cmake/twinmap.pc.in ${PROJECT_BINARY_DIR}/twinmap.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/twinmap.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

# The Python module, where the system's own Python looks: Debian has one directory for all versions of it below /usr, and
# one for each below /usr/local. The module finds the library from there.
find_program(TWINMAP_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
set(python_dir lib/python3)
if(TWINMAP_PYTHON AND NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  execute_process(COMMAND ${TWINMAP_PYTHON} -c "import sys; print('lib/python%d.%d' % sys.version_info[:2])"
    OUTPUT_VARIABLE python_dir OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
if(EXISTS /etc/debian_version)
  set(python_dir ${python_dir}/dist-packages)
else()
  set(python_dir ${python_dir}/site-packages)
endif()
set(TWINMAP_PYTHON_DIR ${python_dir} CACHE STRING "Where the Python module goes, below the prefix")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/lib/python/ DESTINATION ${TWINMAP_PYTHON_DIR}
  COMPONENT library FILES_MATCHING PATTERN "*.py" PATTERN __pycache__ EXCLUDE)
