# `cpack` in a build of preset release makes one .deb: the program, its plugins, the SDK, the unit and completions.
if(SLUICE_SANITIZE)
  return() # nothing to ship
endif()
include(GNUInstallDirs)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(SLUICE_PACKAGE_CONTACT "The maintainers of sluice <sluice@localhost>" CACHE STRING "Who answers for the package")
set(CPACK_PACKAGE_CONTACT "${SLUICE_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "keeps the data of a multi-tenant product in step with the systems that own them")
set(CPACK_PACKAGE_DESCRIPTION "When a user signs in, what is essential is synced first and fast; the rest
follows. Manifests say what is read, plugins what the data mean. With the
host as a service, its plugins, and the SDK to write others.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, prometheus, systemd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(debian "${CMAKE_SOURCE_DIR}/deploy/debian")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${debian}/postinst;${debian}/prerm;${debian}/postrm")

install(FILES deploy/sluice.service DESTINATION lib/systemd/system COMPONENT service)
install(FILES deploy/sluice.sysusers DESTINATION lib/sysusers.d RENAME sluice.conf COMPONENT service)
install(FILES deploy/host.yaml DESTINATION share/sluice COMPONENT service)
install(DIRECTORY deploy/prometheus deploy/grafana DESTINATION share/sluice COMPONENT service PATTERN "*.test.yml" EXCLUDE)
# As in the source tree, so that links lead where they do there.
install(FILES README.md SECURITY.md CHANGELOG.md DESTINATION share/doc/sluice COMPONENT doc)
install(DIRECTORY docs examples DESTINATION share/doc/sluice COMPONENT doc PATTERN "__pycache__" EXCLUDE PATTERN "TESTING.md" EXCLUDE)
install(DIRECTORY plugins DESTINATION share/doc/sluice COMPONENT doc FILES_MATCHING PATTERN "README.md" PATTERN "api" EXCLUDE)
install(FILES "${debian}/copyright" DESTINATION share/doc/sluice COMPONENT doc)
install(FILES "${debian}/lintian-overrides" DESTINATION share/lintian/overrides RENAME sluice COMPONENT doc)

# Made by the program that they are for.
set(made "${CMAKE_BINARY_DIR}/package")
foreach(shell bash zsh fish)
  add_custom_command(OUTPUT "${made}/sluice.${shell}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${made}"
    COMMAND $<TARGET_FILE:sluice> completion ${shell} > "${made}/sluice.${shell}"
    DEPENDS sluice VERBATIM)
  list(APPEND made_files "${made}/sluice.${shell}")
endforeach()
# Debian wants these two packed, without the time of packing.
configure_file("${debian}/changelog.in" "${made}/changelog" @ONLY)
foreach(file "${made}/changelog" "${CMAKE_SOURCE_DIR}/deploy/sluice.1")
  cmake_path(GET file FILENAME name)
  add_custom_command(OUTPUT "${made}/${name}.gz"
    COMMAND gzip -9 -n -c "${file}" > "${made}/${name}.gz" DEPENDS "${file}" VERBATIM)
  list(APPEND made_files "${made}/${name}.gz")
endforeach()
add_custom_target(package-files ALL DEPENDS ${made_files})
install(FILES "${made}/sluice.bash" DESTINATION share/bash-completion/completions RENAME sluice COMPONENT service)
install(FILES "${made}/sluice.zsh" DESTINATION share/zsh/vendor-completions RENAME _sluice COMPONENT service)
install(FILES "${made}/sluice.fish" DESTINATION share/fish/vendor_completions.d COMPONENT service)
install(FILES "${made}/changelog.gz" DESTINATION share/doc/sluice COMPONENT doc)
install(FILES "${made}/sluice.1.gz" DESTINATION share/man/man1 COMPONENT doc)

include(CPack)
