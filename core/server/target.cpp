#include "server/target.hpp"

#include <algorithm>

#include "decode/text.hpp"
#include "server/codes.hpp"
#include "server/problem.hpp"

namespace sluice::server {

namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_plain(const std::string& text) {
  const bool control =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return !control && decode::find_invalid_utf8(text) == std::string::npos;
}

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);  // the slash
  const std::string_view out = path.substr(0, path.find('/'));
  path.remove_prefix(out.size());
  return out;
}

}  // namespace

std::optional<std::string> decode(std::string_view text, bool in_query) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += in_query && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return is_plain(out) ? std::optional(out) : std::nullopt;
}

named_values read_query(std::string_view query) {
  named_values out;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    const auto name = decode(pair.substr(0, equals), true);
    const auto value =
        equals == std::string_view::npos ? std::string() : decode(pair.substr(equals + 1), true);
    if (!name || !value || name->empty()) {
      throw refusal(400, code::bad_parameter, "the query can't be decoded as names and values in UTF-8");
    }
    if (!out.emplace(*name, *value).second) {
      throw refusal(400, code::bad_parameter, "the parameter `" + *name + "` stands there twice");
    }
  }
  return out;
}

std::optional<named_values> match_path(std::string_view pattern, std::string_view path) {
  constexpr std::size_t longest = 256;
  named_values out;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view found = take_segment(path);
    if (wanted.empty() || wanted.front() != '{') {
      if (wanted != found) return std::nullopt;
      continue;
    }
    const auto value = decode(found, false);
    if (!value || value->empty() || *value == "." || *value == ".." || value->size() > longest)
      return std::nullopt;
    out.emplace(wanted.substr(1, wanted.size() - 2), *value);
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return out;
}

}  // namespace sluice::server
