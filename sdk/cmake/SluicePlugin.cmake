# sluice_add_plugin(NAME [OPTIONAL] METADATA plugin.json [SOURCES a.cpp...] [LINK lib...])
#
# Builds ${CMAKE_BINARY_DIR}/plugins/NAME/{plugin.json,NAME.so}: a folder that a host loads as it is. Without
# SOURCES the plugin is its metadata alone. Sources include "sluice_plugin.hpp", generated from plugin.json.
# Installs to ${CMAKE_INSTALL_LIBDIR}/sluice/plugins/NAME. A test links sluice-plugin-NAME-test, which gives it
# the same header, the SDK's testing helpers and SLUICE_PLUGIN_FOLDER. OPTIONAL: who doesn't build it installs none of it.
include_guard(GLOBAL)
include(GNUInstallDirs)
include("${CMAKE_CURRENT_LIST_DIR}/SluicePluginHeader.cmake")

# A plugin knows the SDK and third parties. Anything else of sluice's would be the host's private code.
function(_sluice_check_plugin_links name links)
  foreach(lib IN LISTS links)
    if(lib MATCHES "^sluice(::|-)" AND NOT lib MATCHES "^sluice(::|-)(sdk|warnings)$")
      message(FATAL_ERROR "sluice_add_plugin(${name}): LINK ${lib}: plugins link sluice::sdk and third parties, "
                          "never a library of the host")
    endif()
    if(lib MATCHES "static-libstdc")
      message(FATAL_ERROR "sluice_add_plugin(${name}): LINK ${lib}: two C++ runtimes in one process break exceptions")
    endif()
  endforeach()
endfunction()

function(sluice_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OPTIONAL" "METADATA" "SOURCES;LINK")
  if(NOT arg_METADATA OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sluice_add_plugin(${name}): say METADATA plugin.json, and SOURCES if it has code; "
                        "got '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  _sluice_check_plugin_links(${name} "${arg_LINK}")
  cmake_path(ABSOLUTE_PATH arg_METADATA BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE metadata)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${metadata}")
  set(out "${CMAKE_BINARY_DIR}/plugins/${name}")
  set(to "${CMAKE_INSTALL_LIBDIR}/sluice/plugins/${name}")

  set(generated "${CMAKE_CURRENT_BINARY_DIR}/${name}_generated")
  sluice_plugin_header(${name} "${metadata}" "${generated}/sluice_plugin.hpp")
  if(NOT arg_OPTIONAL OR NOT arg_SOURCES)
    configure_file("${metadata}" "${out}/plugin.json" COPYONLY)
    install(FILES "${metadata}" DESTINATION "${to}" RENAME plugin.json COMPONENT plugin-${name})
  endif()

  # What a test of the plugin links: the generated header, and where the plugin is.
  add_library(sluice-plugin-${name}-test INTERFACE)
  target_include_directories(sluice-plugin-${name}-test INTERFACE "${generated}")
  target_compile_definitions(sluice-plugin-${name}-test INTERFACE SLUICE_PLUGIN_FOLDER="${out}")
  target_link_libraries(sluice-plugin-${name}-test INTERFACE sluice::sdk-testing)
  if(NOT arg_SOURCES)
    return()
  endif()

  set(version_script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map")
  set(target sluice-plugin-${name})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE sluice::sdk ${arg_LINK})
  target_include_directories(${target} PRIVATE "${generated}")
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX ".so" LIBRARY_OUTPUT_DIRECTORY "${out}" POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS "${version_script}")
  # Inline statics of two plugins must not become one; a plugin stays mapped until the process ends.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${version_script}" LINKER:--exclude-libs,ALL
    LINKER:-z,nodelete LINKER:-z,now)
  if(NOT SLUICE_SANITIZE AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
  add_dependencies(sluice-plugin-${name}-test ${target})
  if(NOT arg_OPTIONAL)
    install(TARGETS ${target} LIBRARY DESTINATION "${to}" COMPONENT plugin-${name})
    return()
  endif()
  # The folder comes with the library: half a plugin would be a broken one.
  if(NOT EXISTS "${out}/${name}.so")
    file(REMOVE "${out}/plugin.json")
  endif()
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${metadata}" "${out}/plugin.json" VERBATIM)
  install(TARGETS ${target} LIBRARY DESTINATION "${to}" COMPONENT plugin-${name} OPTIONAL)
  install(FILES "${out}/plugin.json" DESTINATION "${to}" COMPONENT plugin-${name} OPTIONAL)
endfunction()
