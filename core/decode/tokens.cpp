#include "decode/tokens.hpp"

#include <algorithm>
#include <limits>

#include <simdjson.h>

namespace sluice::decode {

struct token_index::impl {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  std::size_t capacity = 0;
};

token_index::token_index() : impl_(std::make_unique<impl>()) {}
token_index::token_index(token_index&&) noexcept = default;
token_index& token_index::operator=(token_index&&) noexcept = default;
token_index::~token_index() = default;

namespace {

index_fault fault_of(simdjson::error_code e) {
  switch (e) {
    case simdjson::SUCCESS: return index_fault::none;
    case simdjson::EMPTY: return index_fault::empty;
    case simdjson::UNCLOSED_STRING: return index_fault::unclosed_text;
    case simdjson::UNESCAPED_CHARS: return index_fault::control_character;
    case simdjson::UTF8_ERROR: return index_fault::not_utf8;
    default: return index_fault::internal;
  }
}

}  // namespace

index_fault token_index::build(std::string_view text, tokens& out) {
  constexpr std::size_t least = 4096;
  if (text.size() >= std::numeric_limits<std::uint32_t>::max() - 64) return index_fault::internal;
  if (text.size() > impl_->capacity) {
    const std::size_t wanted = std::max({least, text.size(), std::min(impl_->capacity * 2, text.size() * 4)});
    impl_->capacity = 0;
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, 64, impl_->parser)) {
      return index_fault::internal;
    }
    impl_->capacity = wanted;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto fault = fault_of(impl_->parser->stage1(bytes, text.size(), simdjson::stage1_mode::regular));
  if (fault != index_fault::none) return fault;
  out.text = text.data();
  out.at = impl_->parser->structural_indexes.get();
  out.count = impl_->parser->n_structural_indexes;
  return index_fault::none;
}

}  // namespace sluice::decode
