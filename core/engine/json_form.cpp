#include "engine/json_form.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

#include <boost/container/small_vector.hpp>

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

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Length first: a text may hold anything.
void append_plain(byte_sink& out, std::string_view plain) {
  out.put('"');
  out.count(static_cast<std::int64_t>(plain.size()));
  out.put(':');
  out.put(plain);
}

// Appends the form of one JSON text. It is made for every row that is read, so nothing is allocated for
// members that come in order.
class former {
 public:
  former(std::string_view text, byte_sink& out) : text_(text), out_(out) {}

  void whole() {
    value(0);
    blanks();
    if (at_ != text_.size()) throw not_json();
  }

 private:
  struct member {
    std::size_t from = 0, to = 0;       // in out_
    std::size_t key = 0, key_size = 0;  // the plain key in there
  };

  void blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  [[nodiscard]] char peek() const {
    if (at_ >= text_.size()) throw not_json();
    return text_[at_];
  }
  void expect(char c) {
    if (peek() != c) throw not_json();
    ++at_;
  }

  void value(int depth) {
    if (depth > deepest) throw not_json();
    blanks();
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return static_cast<void>(text());
      default: return scalar();
    }
  }

  void object(int depth) {
    ++at_;
    out_.put('{');
    const std::size_t base = members_.size();
    bool ascending = true;
    blanks();
    while (peek() != '}') {
      blanks();
      member m{out_.size()};
      m.key_size = text();
      m.key = out_.size() - m.key_size;
      blanks();
      expect(':');
      value(depth + 1);
      m.to = out_.size();
      ascending = ascending && (members_.size() == base || key_of(members_.back()) < key_of(m));
      members_.push_back(m);
      blanks();
      if (peek() == '}') break;
      expect(',');
    }
    ++at_;
    if (!ascending) sort(base);
    members_.resize(base);
    out_.put('}');
  }

  [[nodiscard]] std::string_view key_of(const member& m) const { return out_.view(m.key, m.key_size); }

  // Puts the members that were written last in order; of equal keys the last counts.
  void sort(std::size_t base) {
    const auto first = members_.begin() + static_cast<std::ptrdiff_t>(base);
    const std::size_t from = first->from;
    std::stable_sort(first, members_.end(),
                     [&](const member& a, const member& b) { return key_of(a) < key_of(b); });
    std::string sorted;
    sorted.reserve(out_.size() - from);
    for (auto m = first; m != members_.end(); ++m) {
      if (m + 1 != members_.end() && key_of(*m) == key_of(m[1])) continue;
      sorted += out_.view(m->from, m->to - m->from);
    }
    out_.cut(from);
    out_.put(sorted);
  }

  void array(int depth) {
    out_.put('[');
    ++at_;
    blanks();
    while (peek() != ']') {
      value(depth + 1);
      out_.put(',');
      blanks();
      if (peek() == ']') break;
      expect(',');
    }
    ++at_;
    out_.put(']');
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

  // How long the plain text is, which now stands at the end.
  std::size_t text() {
    expect('"');
    std::size_t to = at_;
    while (to < text_.size() && text_[to] != '"' && text_[to] != '\\') ++to;
    const std::string_view run = text_.substr(at_, to - at_);
    at_ = to;
    if (peek() == '"') {
      ++at_;
      append_plain(out_, run);
      return run.size();
    }
    std::string plain(run);
    while (peek() != '"') {
      const char c = text_[at_++];
      if (c == '\\') escape(plain);
      else plain.push_back(c);
    }
    ++at_;
    append_plain(out_, plain);
    return plain.size();
  }

  void scalar() {
    const std::size_t from = at_;
    const auto ends = [](char c) { return c == ',' || c == ']' || c == '}' || is_blank(c); };
    while (at_ < text_.size() && !ends(text_[at_])) ++at_;
    if (at_ == from) throw not_json();
    append_number_form(out_, text_.substr(from, at_ - from));
  }

  std::string_view text_;
  byte_sink& out_;
  std::size_t at_ = 0;
  boost::container::small_vector<member, 16> members_;  // of the objects that are open
};

// The digits before and behind the point, and how many of all stand behind it.
struct number {
  bool negative = false;
  std::string_view whole, fraction;
  std::int64_t scale = 0;

  [[nodiscard]] std::size_t size() const { return whole.size() + fraction.size(); }
  [[nodiscard]] char at(std::size_t i) const {
    return i < whole.size() ? whole[i] : fraction[i - whole.size()];
  }
};

bool read_digits(std::string_view s, std::size_t& at, std::string_view& out) {
  const std::size_t from = at;
  while (at < s.size() && s[at] >= '0' && s[at] <= '9') ++at;
  out = s.substr(from, at - from);
  return at > from;
}

bool read_number(std::string_view s, number& n) {
  std::size_t at = 0;
  n.negative = s.starts_with('-');
  if (n.negative) ++at;
  if (!read_digits(s, at, n.whole)) return false;
  if (at < s.size() && s[at] == '.') {
    if (!read_digits(s, ++at, n.fraction)) return false;
    n.scale = static_cast<std::int64_t>(n.fraction.size());
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

void append_number_form(byte_sink& out, std::string_view digits) {
  number n;
  if (!read_number(digits, n)) {
    out.put(digits);
    return;
  }
  // Without the zeros at either end, which a large exponent would make many.
  std::size_t first = 0, end = n.size();
  while (first < end && n.at(first) == '0') ++first;
  while (end > first && n.at(end - 1) == '0') --end;
  const bool zero = first == end;
  if (n.negative && !zero) out.put('-');
  if (first < n.whole.size()) out.put(n.whole.substr(first, end - first));
  const std::size_t whole = n.whole.size(), from = std::max(first, whole);
  if (end > from) out.put(n.fraction.substr(from - whole, end - from));
  out.put('e');
  out.count(zero ? 0 : static_cast<std::int64_t>(n.size() - end) - n.scale);
  out.put('s');
  out.count(n.scale > 0 ? n.scale : 0);
}

void append_json_form(byte_sink& out, std::string_view json) {
  const std::size_t before = out.size();
  try {
    former(json, out).whole();
  } catch (const not_json&) {
    out.cut(before);
    out.put(json);  // a store that keeps JSON refuses it, the others keep its bytes
  }
}

}  // namespace sluice::engine
