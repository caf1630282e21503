#include "headers.hpp"

#include <set>

#include <sluice/failure.hpp>

#include "codes.hpp"

namespace sluice::http {

std::string to_lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

void add_headers(std::vector<std::string>& out, const settings& s, const read_plan& read,
                 const vars& values) {
  std::set<std::string> names;
  for (const header_templates* list : {&read.headers, &s.headers}) {
    for (const auto& [name, value] : *list) {
      if (!names.insert(to_lower(name)).second) continue;
      const std::string text = value.expand(values);
      check_header_value(name, text);
      out.push_back(name + ": " + text);
    }
  }
  if (names.contains("accept")) return;
  out.push_back(std::string("Accept: ") + (read.format == page_format::json ? "application/json" : "*/*"));
}

void check_header_value(const std::string& name, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
      throw failure(status::invalid, codes::bad_value,
                    "the value of header `" + name +
                        "` holds a control character (often a line end after a secret); remove it");
    }
  }
}

}  // namespace sluice::http
