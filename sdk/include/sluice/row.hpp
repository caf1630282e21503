// One row of a batch as a domain's author sees it.
//
//   if (auto email = row[col::email]) row.set(col::email, sluice::trim(*email));
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include <sluice/columns.hpp>
#include <sluice/detail/edits.hpp>

namespace sluice {

template <class Stream>
class row {
 public:
  row(std::vector<detail::edited_column>& columns, std::int64_t index) noexcept
      : columns_(columns), index_(index) {}

  // The value, or nothing for null. Texts are valid until the transform of the batch has ended.
  template <column_type Type>
  [[nodiscard]] std::optional<cell_value_t<Type>> operator[](column_handle<Stream, Type> c) const noexcept {
    const detail::edited_column& from = column(c.index);
    if constexpr (Type == column_type::text || Type == column_type::json || Type == column_type::decimal) {
      if (const auto v = from.text(index_)) return cell_value_t<Type>(*v);
    } else if (const auto v = from.word(index_)) {
      return from_word<Type>(*v);
    }
    return std::nullopt;
  }

  // Changes a cell. Setting what it holds already costs nothing later.
  template <column_type Type>
  void set(column_handle<Stream, Type> c, const std::type_identity_t<cell_value_t<Type>>& value) {
    detail::edited_column& to = column(c.index);
    if constexpr (Type == column_type::decimal) to.set_text(index_, value.text());
    else if constexpr (Type == column_type::text || Type == column_type::json) to.set_text(index_, value);
    else to.set_word(index_, to_word<Type>(value));
  }
  template <column_type Type>
  void clear(column_handle<Stream, Type> c) {
    column(c.index).set_null(index_);
  }

  // The upstream says that this record is gone: only its key can be relied on.
  [[nodiscard]] bool deleted() const noexcept {
    return (*this)[column_handle<Stream, column_type::boolean>{static_cast<int>(Stream::columns.size()) -
                                                               1}] == true;
  }
  [[nodiscard]] std::int64_t index() const noexcept { return index_; }

 private:
  [[nodiscard]] detail::edited_column& column(int i) const noexcept {
    return columns_[static_cast<std::size_t>(i)];
  }

  template <column_type Type>
  [[nodiscard]] static cell_value_t<Type> from_word(std::int64_t w) noexcept {
    if constexpr (Type == column_type::boolean) return w != 0;
    else if constexpr (Type == column_type::float64) return std::bit_cast<double>(w);
    else if constexpr (Type == column_type::date) return std::chrono::sys_days(std::chrono::days(w));
    else if constexpr (Type == column_type::timestamp) return timestamp(std::chrono::microseconds(w));
    else return w;
  }
  template <column_type Type>
  [[nodiscard]] static std::int64_t to_word(const cell_value_t<Type>& v) noexcept {
    if constexpr (Type == column_type::float64) return std::bit_cast<std::int64_t>(v);
    else if constexpr (Type == column_type::date || Type == column_type::timestamp)
      return v.time_since_epoch().count();
    else return v;
  }

  std::vector<detail::edited_column>& columns_;
  std::int64_t index_;
};

}  // namespace sluice
