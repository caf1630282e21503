// What a domain says about a row: accept, or reject with the field that is wrong and why.
#pragma once

#include <string>
#include <utility>

#include <sluice/columns.hpp>

namespace sluice {

class [[nodiscard]] verdict {
 public:
  verdict() = default;
  verdict(std::string field, std::string reason)
      : field_(std::move(field)), reason_(std::move(reason)), ok_(false) {}

  [[nodiscard]] bool accepted() const noexcept { return ok_; }
  [[nodiscard]] const std::string& field() const noexcept { return field_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::string field_, reason_;
  bool ok_ = true;
};

struct accept_t {
  operator verdict() const { return {}; }  // NOLINT: `return sluice::accept;`
};
inline constexpr accept_t accept{};

// The reason goes on from the field's name: reject(col::amount, "is negative: -3"). No secrets in it.
template <class Stream, column_type Type>
[[nodiscard]] verdict reject(column_handle<Stream, Type> field, std::string reason) {
  return {std::string(field.name()), std::move(reason)};
}

}  // namespace sluice
