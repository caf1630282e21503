# sluice_add_plugin() refuses what would fail later, and says why. Run by ctest: cmake -DSDK= -DWORK= -P.
cmake_minimum_required(VERSION 3.25)

set(good [=[{"name": "p", "version": "1.0.0", "sdk": "1.0", "components": [{"kind": "domain", "name": "p", "streams": [
  {"name": "class", "columns": [{"name": "external_id", "type": "text"}, {"name": "operator", "type": "TYPE"},
   {"name": "COLUMN", "type": "int"}], "key": ["external_id"],
   "references": [{"name": "entity", "to": "entities", "columns": ["kind", "external_id"]}]}]}]}]=])

# expect(WHAT "arguments of sluice_add_plugin" "plugin.json" "text that the output must hold, or OK")
function(expect what call json wanted)
  set(dir "${WORK}/${what}")
  file(REMOVE_RECURSE "${dir}")
  file(WRITE "${dir}/plugin.json" "${json}")
  file(WRITE "${dir}/a.cpp" "#include \"sluice_plugin.hpp\"\nstatic_assert(streams::class_::operator_.index == 1);\n
    static_assert(streams::class_::entity_kind.name() == \"entity.kind\");\n")
  file(WRITE "${dir}/CMakeLists.txt" "cmake_minimum_required(VERSION 3.25)\nproject(t LANGUAGES CXX)\n
    add_subdirectory(\"${SDK}\" sdk)\nsluice_add_plugin(${call})\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" -G Ninja -S "${dir}" -B "${dir}/build" RESULT_VARIABLE code OUTPUT_VARIABLE out
                  ERROR_VARIABLE out)
  if(wanted STREQUAL "OK")
    if(code EQUAL 0)
      execute_process(COMMAND "${CMAKE_COMMAND}" --build "${dir}/build" RESULT_VARIABLE code OUTPUT_VARIABLE out
                      ERROR_VARIABLE out)
    endif()
    if(NOT code EQUAL 0)
      message(SEND_ERROR "${what}: is refused: ${out}")
    endif()
    return()
  endif()
  string(REGEX REPLACE "[ \n]+" " " out "${out}")
  string(FIND "${out}" "${wanted}" at)
  if(code EQUAL 0 OR at EQUAL -1)
    message(SEND_ERROR "${what}: wanted a refusal with '${wanted}', got ${code}: ${out}")
  endif()
endfunction()

string(REPLACE "TYPE" "text" json "${good}")
expect(good "p METADATA plugin.json SOURCES a.cpp" "${json}" OK)
expect(no_code "p METADATA plugin.json" "${json}" OK)
if(NOT EXISTS "${WORK}/no_code/build/plugins/p/plugin.json")
  message(SEND_ERROR "no_code: plugin.json is not in the plugin folder")
endif()
expect(other_name "q METADATA plugin.json SOURCES a.cpp" "${json}" "the plugin is called 'p', but sluice_add_plugin says 'q'")
expect(no_metadata "p SOURCES a.cpp" "${json}" "say METADATA plugin.json")
expect(core_link "p METADATA plugin.json SOURCES a.cpp LINK sluice::engine" "${json}" "LINK sluice::engine: plugins link sluice::sdk")
expect(static_runtime "p METADATA plugin.json SOURCES a.cpp LINK -static-libstdc++" "${json}" "two C++ runtimes")
expect(not_json "p METADATA plugin.json SOURCES a.cpp" "{" "plugin.json: ")
string(REPLACE "TYPE" "string" wrong "${good}")
expect(wrong_type "p METADATA plugin.json SOURCES a.cpp" "${wrong}" "column 'operator' has type 'string'; use text, int")
string(REPLACE "COLUMN" "entity_kind" wrong "${json}")
expect(same_name "p METADATA plugin.json SOURCES a.cpp" "${wrong}" "two columns would both be called 'entity_kind'")
