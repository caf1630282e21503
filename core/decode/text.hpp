// The inside of JSON strings and the look of bytes in messages.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::decode {

enum class text_fault : std::uint8_t { none, escape, surrogate, nul };

[[nodiscard]] std::string_view describe(text_fault f);

// One escape, `raw` beginning at its backslash: its bytes, and how much of raw it takes.
struct escaped {
  text_fault fault = text_fault::none;
  std::uint8_t taken = 0, size = 0;
  char bytes[4] = {};
};
[[nodiscard]] escaped read_escape(std::string_view raw);

// Appends the text that `raw`, the inside of a JSON string, stands for. Sink: std::string or column_builder.
template <class Sink>
[[nodiscard]] text_fault unescape(std::string_view raw, Sink& out) {
  for (;;) {
    const void* hit = raw.empty() ? nullptr : std::memchr(raw.data(), '\\', raw.size());
    const auto run =
        hit == nullptr ? raw.size() : static_cast<std::size_t>(static_cast<const char*>(hit) - raw.data());
    out.append(raw.substr(0, run));
    if (hit == nullptr) return text_fault::none;
    raw.remove_prefix(run);
    const escaped e = read_escape(raw);
    if (e.fault != text_fault::none) return e.fault;
    out.append(std::string_view(e.bytes, e.size));
    raw.remove_prefix(e.taken);
  }
}

// Whether the inside of a JSON string stands for text that can be stored.
[[nodiscard]] text_fault check_text(std::string_view raw);

// Appends `text` as a JSON string with its quotes.
void append_quoted(std::string& out, std::string_view text);

// The first byte at or after `from` that is no valid UTF-8, or npos.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text, std::size_t from = 0);

// At most `max` bytes of `bytes` for a message or a reject: cut at a character, what is no UTF-8 replaced
// by `?`.
[[nodiscard]] std::string excerpt(std::string_view bytes, std::size_t max);
// The same on one line, with an ellipsis when cut.
[[nodiscard]] std::string one_line(std::string_view bytes, std::size_t max);

// The reference tokens of a JSON pointer, unescaped; nothing when it is none.
[[nodiscard]] std::optional<std::vector<std::string>> split_pointer(std::string_view pointer);

}  // namespace sluice::decode
