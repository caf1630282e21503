// Where the tokens of a JSON text begin: simdjson's first stage, by the widest instructions of this machine.
//
// Its second stage is not used: the DOM turns every number into a double, and On-Demand neither goes on
// after a broken value nor looks at what it skips. Here numbers stay tokens, one bad record spoils no
// other, and every bracket is checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace sluice::decode {

enum class index_fault : std::uint8_t { none, empty, unclosed_text, control_character, not_utf8, internal };

// A text and the positions of its brackets, commas, colons, and of the first byte of each scalar.
struct tokens {
  const char* text = nullptr;
  const std::uint32_t* at = nullptr;  // count of them, then the size of the text
  std::uint32_t count = 0;

  [[nodiscard]] char operator[](std::uint32_t i) const noexcept { return i < count ? text[at[i]] : '\0'; }
  // The scalar that begins at token i, without the white space after it.
  [[nodiscard]] std::string_view scalar(std::uint32_t i) const noexcept {
    const char* from = text + at[i];
    const char* to = text + at[i + 1];
    while (to > from + 1 && (to[-1] == ' ' || to[-1] == '\n' || to[-1] == '\r' || to[-1] == '\t')) --to;
    return {from, static_cast<std::size_t>(to - from)};
  }
};

class token_index {
 public:
  token_index();
  token_index(token_index&&) noexcept;
  token_index& operator=(token_index&&) noexcept;
  ~token_index();

  // The tokens of `text`, valid until the next call. Reads nothing behind the text.
  [[nodiscard]] index_fault build(std::string_view text, tokens& out);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace sluice::decode
