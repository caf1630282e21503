#include "engine/json_form.hpp"

#include <charconv>
#include <cstdint>
#include <map>

namespace sluice::engine {

namespace {

constexpr int deepest = 200;

struct not_json {};

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t v) { out.push_back(static_cast<char>(v)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  if (c < 0x10000) return put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
}

class reader {
 public:
  explicit reader(std::string_view text) : text_(text) {}

  std::string whole() {
    std::string out;
    value(out, 0);
    blanks();
    if (at_ != text_.size()) throw not_json();
    return out;
  }

 private:
  void blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  [[nodiscard]] char peek() const {
    if (at_ >= text_.size()) throw not_json();
    return text_[at_];
  }
  void expect(char c) {
    if (peek() != c) throw not_json();
    ++at_;
  }

  void value(std::string& out, int depth) {
    if (depth > deepest) throw not_json();
    blanks();
    switch (peek()) {
      case '{': return object(out, depth);
      case '[': return array(out, depth);
      case '"': return append_text(out, text());
      default: return scalar(out);
    }
  }

  void object(std::string& out, int depth) {
    std::map<std::string, std::string> members;
    ++at_;
    blanks();
    while (peek() != '}') {
      blanks();
      std::string key = text();
      blanks();
      expect(':');
      std::string member;
      value(member, depth + 1);
      members.insert_or_assign(std::move(key), std::move(member));
      blanks();
      if (peek() == '}') break;
      expect(',');
    }
    ++at_;
    out += '{';
    for (const auto& [key, member] : members) append_text(out, key), out += member;
    out += '}';
  }

  void array(std::string& out, int depth) {
    out += '[';
    ++at_;
    blanks();
    while (peek() != ']') {
      value(out, depth + 1);
      out += ',';
      blanks();
      if (peek() == ']') break;
      expect(',');
    }
    ++at_;
    out += ']';
  }

  // Length first: a text may hold anything.
  static void append_text(std::string& out, const std::string& plain) {
    out += '"' + std::to_string(plain.size()) + ':' + plain;
  }

  std::uint32_t hex4() {
    if (text_.size() - at_ < 4) throw not_json();
    std::uint32_t v = 0;
    const char* from = text_.data() + at_;
    if (std::from_chars(from, from + 4, v, 16).ptr != from + 4) throw not_json();
    at_ += 4;
    return v;
  }

  void escape(std::string& out) {
    const char c = peek();
    ++at_;
    constexpr std::string_view names = "\"\\/bfnrt", plain = "\"\\/\b\f\n\r\t";
    if (const auto n = names.find(c); n != std::string_view::npos) return out.push_back(plain[n]);
    if (c != 'u') throw not_json();
    std::uint32_t v = hex4();
    if (v >= 0xd800 && v < 0xdc00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      v = 0x10000 + ((v - 0xd800) << 10) + (hex4() - 0xdc00);
    }
    append_utf8(out, v);
  }

  std::string text() {
    expect('"');
    std::string out;
    while (peek() != '"') {
      const char c = text_[at_++];
      if (c == '\\') escape(out);
      else out.push_back(c);
    }
    ++at_;
    return out;
  }

  void scalar(std::string& out) {
    const std::size_t from = at_;
    while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos)
      ++at_;
    const std::string_view token = text_.substr(from, at_ - from);
    if (token.empty()) throw not_json();
    append_number_form(out, token);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Digits without a point, and how many of them stand behind it.
struct number {
  bool negative = false;
  std::string digits;
  std::int64_t scale = 0;
};

bool read_digits(std::string_view s, std::size_t& at, std::string& out) {
  const std::size_t from = at;
  while (at < s.size() && s[at] >= '0' && s[at] <= '9') out.push_back(s[at++]);
  return at > from;
}

bool read_number(std::string_view s, number& n) {
  std::size_t at = 0;
  n.negative = s.starts_with('-');
  if (n.negative) ++at;
  if (!read_digits(s, at, n.digits)) return false;
  if (at < s.size() && s[at] == '.') {
    const std::size_t from = ++at;
    if (!read_digits(s, at, n.digits)) return false;
    n.scale = static_cast<std::int64_t>(at - from);
  }
  if (at < s.size() && (s[at] == 'e' || s[at] == 'E')) {
    ++at;
    if (at < s.size() && s[at] == '+') ++at;
    std::int64_t exponent = 0;
    const auto [end, error] = std::from_chars(s.data() + at, s.data() + s.size(), exponent);
    if (error != std::errc{} || end != s.data() + s.size()) return false;
    n.scale -= exponent;
    return true;
  }
  return at == s.size();
}

}  // namespace

void append_number_form(std::string& out, std::string_view digits) {
  number n;
  if (!read_number(digits, n)) {
    out += digits;
    return;
  }
  const std::size_t first = n.digits.find_first_not_of('0');
  const std::size_t last = n.digits.find_last_not_of('0');
  const bool zero = first == std::string::npos;
  if (n.negative && !zero) out += '-';
  // Without the zeros at either end, which a large exponent would make many.
  const std::int64_t dropped = zero ? 0 : static_cast<std::int64_t>(n.digits.size() - last - 1);
  if (!zero) out += n.digits.substr(first, last - first + 1);
  out += 'e' + std::to_string(zero ? 0 : dropped - n.scale) + 's' + std::to_string(n.scale > 0 ? n.scale : 0);
}

void append_json_form(std::string& out, std::string_view json) {
  try {
    out += reader(json).whole();
  } catch (const not_json&) {
    out += json;  // a store that keeps JSON refuses it, the others keep its bytes
  }
}

}  // namespace sluice::engine
