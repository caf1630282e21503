# How everything here is compiled: language level, warnings, sanitizers; and one function for a room of core.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(sluice-warnings INTERFACE)
target_compile_options(sluice-warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wconversion -Wno-missing-field-initializers -Werror)
# Several files compiled as one: half the time of a build from nothing. Preset dev compiles each alone, and
# so has the warnings that mean nothing here.
if(CMAKE_UNITY_BUILD)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)
  target_compile_options(sluice-warnings INTERFACE -Wno-shadow -Wno-subobject-linkage)
endif()
if(SLUICE_SANITIZE)
  # Instrumented code confuses g++'s look at uninitialized values; preset dev has that warning.
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    -Wno-maybe-uninitialized)
  if(SLUICE_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan) # it does not see Asio's fences; the locks beside them order all there is
  endif()
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
endif()
add_compile_options(-fstack-protector-strong $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)

# sluice_room(engine SOURCES a.cpp... LINK sluice::decode...)   one library of core/<name>
function(sluice_room name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_library(sluice-${name} STATIC ${arg_SOURCES})
  add_library(sluice::${name} ALIAS sluice-${name})
  target_include_directories(sluice-${name} PUBLIC "${CMAKE_SOURCE_DIR}/core")
  target_link_libraries(sluice-${name} PUBLIC sluice::sdk ${arg_LINK} PRIVATE sluice-warnings)
endfunction()

# sluice_test(manifest_test LABELS unit SOURCES a_test.cpp... LINK sluice::manifest)   a GoogleTest program,
# run by CTest as one test for each label set. Tests find the sources by SLUICE_SOURCE_DIR, the build by SLUICE_BINARY_DIR.
# HEADERS: what is tested is headers alone, so that the test's own files need all sanitizers.
function(sluice_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEADERS" "TIMEOUT" "LABELS;SOURCES;LINK")
  add_executable(${name} ${arg_SOURCES})
  if(SLUICE_SANITIZE AND NOT arg_HEADERS) # half the time to compile; what is tested keeps its checks
    target_compile_options(${name} PRIVATE -O0 -fno-sanitize=undefined)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LINK} sluice-warnings GTest::gmock_main)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  target_compile_definitions(${name} PRIVATE
    SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SLUICE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
