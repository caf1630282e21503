// The variables of one request: a flat JSON object, text to text, as the host hands it over.
// A strict reader of just that, so that the SDK needs no JSON library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/failure.hpp>

namespace sluice {

class vars {
 public:
  using entry = std::pair<std::string, std::string>;

  vars() = default;
  explicit vars(std::vector<entry> entries) : entries_(std::move(entries)) { std::ranges::sort(entries_); }

  // Throws failure (invalid) for anything but {"name": "text", …} with distinct names.
  [[nodiscard]] static vars parse(std::string_view json);

  // nullptr: there is no such variable.
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept {
    const auto at = std::ranges::lower_bound(entries_, name, {}, &entry::first);
    return at != entries_.end() && at->first == name ? &at->second : nullptr;
  }
  [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }

 private:
  std::vector<entry> entries_;  // by name
};

namespace detail {

class flat_json_reader {
 public:
  explicit flat_json_reader(std::string_view json) noexcept : json_(json) {}

  [[nodiscard]] std::vector<vars::entry> read() {
    std::vector<vars::entry> out;
    expect('{');
    if (peek() == '}') {
      ++at_;
    } else {
      do {
        skip_space();
        std::string name = text();
        expect(':');
        skip_space();
        out.emplace_back(std::move(name), text());
      } while (comma_or_end());
    }
    skip_space();
    if (at_ != json_.size()) fail("more text follows the object");
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw failure(
        status::invalid, codes::bad_vars,
        "the variables are not a flat JSON object of texts: at byte " + std::to_string(at_) + ", " + why);
  }
  void skip_space() noexcept {
    while (at_ < json_.size() && std::string_view(" \t\r\n").find(json_[at_]) != std::string_view::npos)
      ++at_;
  }
  [[nodiscard]] char peek() {
    skip_space();
    return at_ < json_.size() ? json_[at_] : '\0';
  }
  void expect(char c) {
    if (peek() != c) fail(std::string("`") + c + "` is expected");
    ++at_;
  }
  [[nodiscard]] bool comma_or_end() {
    const char c = peek();
    if (c != ',' && c != '}') fail("`,` or `}` is expected");
    ++at_;
    return c == ',';
  }

  [[nodiscard]] std::string text() {
    if (at_ >= json_.size() || json_[at_] != '"') fail("a text in quotes is expected");
    ++at_;
    std::string out;
    while (at_ < json_.size() && json_[at_] != '"') {
      const char c = json_[at_++];
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character stands in a text");
      if (c == '\\') escape(out);
      else out.push_back(c);
    }
    if (at_ >= json_.size()) fail("a text does not end");
    ++at_;
    return out;
  }

  void escape(std::string& out) {
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view values = "\"\\/\b\f\n\r\t";
    if (at_ >= json_.size()) fail("a text does not end");
    const char c = json_[at_++];
    if (c == 'u') return append_utf8(out, code_point());
    const auto which = names.find(c);
    if (which == std::string_view::npos) fail("an unknown escape");
    out.push_back(values[which]);
  }

  [[nodiscard]] std::uint32_t hex4() {
    if (json_.size() - at_ < 4) fail("\\u needs four digits");
    std::uint32_t v = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = json_[at_++];
      if (c >= '0' && c <= '9') v = v * 16 + static_cast<std::uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f') v = v * 16 + static_cast<std::uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F') v = v * 16 + static_cast<std::uint32_t>(c - 'A' + 10);
      else fail("\\u needs four hexadecimal digits");
    }
    return v;
  }

  [[nodiscard]] std::uint32_t code_point() {
    const std::uint32_t high = hex4();
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || json_.substr(at_, 2) != "\\u") fail("half of a surrogate pair");
    at_ += 2;
    const std::uint32_t low = hex4();
    if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  static void append_utf8(std::string& out, std::uint32_t c) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (c < 0x80) return put(c);
    if (c < 0x800) {
      put(0xC0 | (c >> 6));
    } else if (c < 0x10000) {
      put(0xE0 | (c >> 12));
      put(0x80 | ((c >> 6) & 0x3F));
    } else {
      put(0xF0 | (c >> 18));
      put(0x80 | ((c >> 12) & 0x3F));
      put(0x80 | ((c >> 6) & 0x3F));
    }
    put(0x80 | (c & 0x3F));
  }

  std::string_view json_;
  std::size_t at_ = 0;
};

}  // namespace detail

inline vars vars::parse(std::string_view json) {
  vars out(detail::flat_json_reader(json).read());
  const auto twice = std::ranges::adjacent_find(out.entries_, {}, &entry::first);
  if (twice != out.entries_.end()) {
    throw failure(status::invalid, codes::bad_vars, "the variable `" + twice->first + "` is given twice");
  }
  return out;
}

}  // namespace sluice
