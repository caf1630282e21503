// Texts that hold JSON, made part of the record that they stand in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "decode/tokens.hpp"
#include "decode/walker.hpp"

namespace sluice::decode {

class unfolder {
 public:
  struct outcome {
    const tokens* text = nullptr;  // of the new record, until the next call; null: it is as it was
    std::string where, why;        // why it can't be made; empty: it can
  };

  // `record` is where the tokens are from, from its first byte to its last; `at` are places of it, `slots` their
  // tokens. What is absent, null or JSON already stays; a text that is empty becomes null.
  [[nodiscard]] outcome unfold(const tokens& t, std::string_view record, const std::vector<place>& at,
                               const slot_tokens& slots);

 private:
  [[nodiscard]] std::string read(std::string_view raw);

  token_index index_;
  tokens tokens_;
  std::string text_, inner_;
};

}  // namespace sluice::decode
