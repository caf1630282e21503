// A value on its way from a token to a column, and the conversions between the two.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sluice/batch_builder.hpp>

#include "decode/plan.hpp"
#include "decode/tokens.hpp"

namespace sluice::decode {

struct datum {
  enum class type : std::uint8_t {
    missing,  // the record doesn't have it
    null,
    truth,
    number,     // raw: its digits
    quoted,     // raw: the inside of a JSON string, escapes and all
    text,       // raw: text as it is
    container,  // of `in`, from `token`
  } is = type::missing;
  bool truth = false;
  std::string_view raw;
  std::uint32_t token = nowhere;
  const tokens* in = nullptr;

  [[nodiscard]] bool absent() const noexcept { return is == type::missing || is == type::null; }
};

[[nodiscard]] inline datum read_token(const tokens& t, std::uint32_t i) {
  using type = datum::type;
  if (i == nowhere) return {};
  const std::string_view s = t.scalar(i);
  switch (s.front()) {
    case '"': return {type::quoted, false, s.substr(1, s.size() - 2), i, &t};
    case '{':
    case '[': return {type::container, false, s, i, &t};
    case 'n': return {type::null, false, s, i, &t};
    case 't':
    case 'f': return {type::truth, s.front() == 't', s, i, &t};
    default: return {type::number, false, s, i, &t};
  }
}
[[nodiscard]] datum read_constant(const constant& c);
// For messages: `"abc"`, `12`, `an object`.
[[nodiscard]] std::string show(const datum& d);

// Writes values to columns. One for each thread and page.
class converter {
 public:
  explicit converter(const limits& caps) : caps_(caps) {}

  // Sets the value of the row being built, by the reading and scale of `how`; `d` is not absent. False: it can't
  // be, why() tells.
  [[nodiscard]] bool put(const datum& d, const value& how, const cell& c, column_builder& out);
  // As text, whatever scalar it is: parts of a concat, what is kept for children.
  [[nodiscard]] bool append_text(const datum& d, const value& how, std::string& out);
  // As JSON without white space.
  template <class Sink>
  [[nodiscard]] bool append_json(const datum& d, Sink& out);

  [[nodiscard]] bool equals(const datum& d, const constant& c, bool text_only);
  [[nodiscard]] bool has_prefix(const datum& d, std::string_view prefix);

  [[nodiscard]] const std::string& why() const noexcept { return why_; }

 private:
  template <class Sink>
  [[nodiscard]] bool put_text(const datum& d, const value& how, bool any_scalar, Sink& out);
  [[nodiscard]] bool put_natural_text(const datum& d, column_builder& out);
  [[nodiscard]] bool put_number(const datum& d, const value& how, column_type type, column_builder& out);
  [[nodiscard]] bool put_instant(const datum& d, const value& how, column_type type, column_builder& out);
  [[nodiscard]] bool put_truth(const datum& d, bool& out);
  [[nodiscard]] bool read_instant(const datum& d, reading as, std::int64_t& us);
  // The text of a quoted or plain datum; the view lives until the next call.
  [[nodiscard]] bool plain(const datum& d, std::string_view& out);
  [[nodiscard]] bool check_scalar_json(std::string_view token);

  [[nodiscard]] bool expected(const char* what, const datum& d);
  [[nodiscard]] bool bad_number(int fault, const char* what, const datum& d);
  [[nodiscard]] bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  const limits& caps_;
  std::string why_, plain_, digits_;
};

}  // namespace sluice::decode
