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
