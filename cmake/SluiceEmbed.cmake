# cmake -D FOLDER=web -D OUT=web_files.cpp -P SluiceEmbed.cmake: the files of a folder as C++ text, with their types and
# what tells one version of them from another.
file(GLOB files RELATIVE "${FOLDER}" "${FOLDER}/*")
list(SORT files)
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

set(entries "")
foreach(name IN LISTS files)
  cmake_path(GET name EXTENSION LAST_ONLY extension)
  string(SUBSTRING "${extension}" 1 -1 extension)
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${FOLDER}/${name}: nobody says what type a .${extension} has")
  endif()
  file(READ "${FOLDER}/${name}" text)
  file(SHA256 "${FOLDER}/${name}" hash)
  string(SUBSTRING "${hash}" 0 20 hash)
  string(FIND "${text}" ")embed~" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${FOLDER}/${name} holds the mark that ends it")
  endif()
  string(APPEND entries "    {\"${name}\", \"${type_${extension}}\", \"\\\"${hash}\\\"\", R\"embed~(${text})embed~\"},\n")
endforeach()

file(WRITE "${OUT}" "// Made from ${FOLDER} by SluiceEmbed.cmake.
#include \"server/web.hpp\"

namespace sluice::server {

namespace {
constexpr web_file built_in[] = {
${entries}};
}  // namespace

std::span<const web_file> web_files() { return built_in; }

}  // namespace sluice::server
")
