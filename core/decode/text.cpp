#include "decode/text.hpp"

namespace sluice::decode {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits of \uXXXX, or -1.
int code_unit(std::string_view raw) {
  if (raw.size() < 6 || raw[0] != '\\' || raw[1] != 'u') return -1;
  int value = 0;
  for (std::size_t i = 2; i < 6; ++i) {
    const int digit = hex_digit(raw[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

escaped encode(std::uint32_t point, std::uint8_t taken) {
  const auto byte = [](std::uint32_t v) { return static_cast<char>(v); };
  if (point < 0x80) return {text_fault::none, taken, 1, {byte(point)}};
  if (point < 0x800)
    return {text_fault::none, taken, 2, {byte(0xc0 | point >> 6), byte(0x80 | (point & 63))}};
  if (point < 0x10000) {
    return {text_fault::none,
            taken,
            3,
            {byte(0xe0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63))}};
  }
  return {text_fault::none,
          taken,
          4,
          {byte(0xf0 | point >> 18), byte(0x80 | (point >> 12 & 63)), byte(0x80 | (point >> 6 & 63)),
           byte(0x80 | (point & 63))}};
}

escaped read_unicode(std::string_view raw) {
  const int unit = code_unit(raw);
  if (unit < 0) return {text_fault::escape};
  if (unit == 0) return {text_fault::nul};
  if (unit < 0xd800 || unit > 0xdfff) return encode(static_cast<std::uint32_t>(unit), 6);
  const int low = unit < 0xdc00 ? code_unit(raw.substr(6)) : -1;
  if (low < 0xdc00 || low > 0xdfff) return {text_fault::surrogate};
  return encode(
      0x10000U + (static_cast<std::uint32_t>(unit - 0xd800) << 10) + static_cast<std::uint32_t>(low - 0xdc00),
      12);
}

// Length of the valid UTF-8 character at the front, or 0.
std::size_t character(std::string_view s) {
  const auto at = [s](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xc0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!follows(1) || !follows(2)) return 0;
    if (lead == 0xe0 && at(1) < 0xa0) return 0;
    return lead == 0xed && at(1) > 0x9f ? 0 : 3;
  }
  if (lead < 0xf0 || lead > 0xf4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  if (lead == 0xf0 && at(1) < 0x90) return 0;
  return lead == 0xf4 && at(1) > 0x8f ? 0 : 4;
}

}  // namespace

std::string_view describe(text_fault f) {
  switch (f) {
    case text_fault::none: return "is good text";
    case text_fault::escape: return "holds an escape that JSON doesn't have";
    case text_fault::surrogate: return "holds half of a surrogate pair, which is no character";
    case text_fault::nul: break;
  }
  return "holds the character U+0000, which no store keeps";
}

escaped read_escape(std::string_view raw) {
  const char what = raw.size() > 1 ? raw[1] : '\0';
  switch (what) {
    case '"':
    case '\\':
    case '/': return {text_fault::none, 2, 1, {what}};
    case 'b': return {text_fault::none, 2, 1, {'\b'}};
    case 'f': return {text_fault::none, 2, 1, {'\f'}};
    case 'n': return {text_fault::none, 2, 1, {'\n'}};
    case 'r': return {text_fault::none, 2, 1, {'\r'}};
    case 't': return {text_fault::none, 2, 1, {'\t'}};
    case 'u': return read_unicode(raw);
    default: return {text_fault::escape};
  }
}

text_fault check_text(std::string_view raw) {
  struct discard {
    void append(std::string_view /*text*/) {}
  } out;
  return unescape(raw, out);
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::size_t find_invalid_utf8(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const std::size_t size = character(text.substr(from, 4));
    if (size == 0) return from;
    from += size;
  }
  return std::string_view::npos;
}

std::string excerpt(std::string_view bytes, std::size_t max) {
  const bool cut = bytes.size() > max;
  if (cut) {
    while (max > 0 && (static_cast<unsigned char>(bytes[max]) & 0xc0U) == 0x80U) --max;
    bytes = bytes.substr(0, max);
  }
  std::string out(bytes);
  for (std::size_t bad = find_invalid_utf8(out); bad != std::string::npos;
       bad = find_invalid_utf8(out, bad)) {
    out[bad] = '?';
  }
  for (char& c : out) {
    if (c == '\0') c = '?';
  }
  return out;
}

std::string one_line(std::string_view bytes, std::size_t max) {
  std::string out = excerpt(bytes, max);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  if (bytes.size() > max) out += "…";
  return out;
}

std::optional<std::vector<std::string>> split_pointer(std::string_view pointer) {
  std::vector<std::string> out;
  if (pointer.empty()) return out;
  if (pointer.front() != '/') return std::nullopt;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    if (c == '/') {
      out.emplace_back();
    } else if (c != '~') {
      out.back() += c;
    } else {
      const char code = i + 1 < pointer.size() ? pointer[++i] : '\0';
      if (code != '0' && code != '1') return std::nullopt;
      out.back() += code == '0' ? '~' : '/';
    }
  }
  return out;
}

}  // namespace sluice::decode
