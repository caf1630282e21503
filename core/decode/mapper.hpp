// One record → rows of each stream, children, rejects: runs a plan on the tokens of one record after the
// other.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/batch_builder.hpp>

#include "decode/datum.hpp"
#include "decode/decode.hpp"
#include "decode/plan.hpp"
#include "decode/unfold.hpp"
#include "decode/walker.hpp"

namespace sluice::decode {

// Adds rows to the batches of one stream and splits them at the limits of the profile.
class stream_writer {
 public:
  stream_writer(const stream_schema& schema, const stream_plan& plan);

  // Makes room for a row of at most `bytes`.
  void begin(std::size_t bytes);
  [[nodiscard]] batch_builder& row() noexcept { return builder_; }
  // False: this row alone is larger than a batch may be.
  [[nodiscard]] bool commit(std::int64_t ordinal);
  void drop();
  [[nodiscard]] const stream_plan& plan() const noexcept { return plan_; }
  [[nodiscard]] const stream_schema& schema() const noexcept { return *out_.schema; }
  [[nodiscard]] stream_rows finish();

 private:
  void flush();

  const stream_plan& plan_;
  stream_rows out_;
  batch_builder builder_;
  std::size_t bytes_ = 0;    // of the batch when last measured
  std::size_t pending_ = 0;  // what may have been added since
  std::size_t largest_ = 0;  // the bound of the row being built
};

// Where the values of one level are found for the record at hand.
struct frame {
  slot_tokens slots;
  std::string key;  // of the element, when the mapping asks for it
};

class mapper {
 public:
  mapper(const plan& p, const variables& vars, bool text_only, result& out);

  // Takes the record that begins at token `i` and returns the token after it. `raw_of` are the page's own
  // bytes of the record where it is a text by itself; then the caller keeps `spans`. Throws grammar_error
  // before anything is counted.
  std::uint32_t take(const tokens& t, std::uint32_t i, std::string_view raw_of = {});
  // Bytes of the text that were replaced since they are no UTF-8, ascending. Records that hold one are
  // rejected.
  void set_damage(const std::vector<std::size_t>* offsets) noexcept { damage_ = offsets; }
  [[nodiscard]] std::size_t damage_seen() const noexcept { return damage_next_; }
  // A record that can't even be read.
  void refuse(std::string_view raw, std::string reason);
  // Forgets all records.
  void restart();
  // Moves the rows to the result.
  void finish();

 private:
  [[nodiscard]] bool unfold(std::string_view record);
  void map_record();
  [[nodiscard]] bool make_children(std::vector<child>& made);
  [[nodiscard]] bool feed(const into_plan& into);
  void feed_elements(const into_plan& into, std::size_t level);
  void feed_row(const into_plan& into);
  [[nodiscard]] bool fill_row(const into_plan& into, stream_writer& out, std::string& field);
  [[nodiscard]] bool fill_cell(const cell& c, bool deleted, column_builder& out);
  [[nodiscard]] std::string describe_absence(const value& v, const datum& d) const;
  [[nodiscard]] bool fill_key(const into_plan& into, stream_writer& out);
  [[nodiscard]] bool fill_attributes(const into_plan& into, column_builder& out);

  [[nodiscard]] bool holds(const conditions& all);
  [[nodiscard]] datum at(const place& p) const { return read_token(*t_, frames_[p.level].slots[p.slot]); }
  // False: the value can't be made; why_ tells.
  [[nodiscard]] bool evaluate(const value& v, datum& out, std::string& buffer) {
    if (v.from != value::source::pointer || v.first) return evaluate_made(v, out, buffer);
    out = at(v.at);
    return true;
  }
  [[nodiscard]] bool evaluate_made(const value& v, datum& out, std::string& buffer);
  [[nodiscard]] bool evaluate_first(const value& v, datum& out);
  [[nodiscard]] bool evaluate_concat(const value& v, datum& out, std::string& buffer);
  [[nodiscard]] bool evaluate_any(const value& v, datum& out, std::string& buffer);
  // How what was just evaluated is to be read: of `any`, as the value says that was taken.
  [[nodiscard]] const value& how(const value& v) const { return v.from == value::source::any ? *taken_ : v; }
  void evaluate_template(const value& v, datum& out, std::string& buffer);
  [[nodiscard]] std::optional<std::string> expand(const value& v) const;

  void reject_record(std::string field, std::string reason);
  void reject_row(const into_plan& into, std::string field, std::string reason);
  void add_reject(reject r);

  const plan& plan_;
  const variables& vars_;
  bool text_only_;
  result& out_;
  converter convert_;
  std::vector<stream_writer> writers_;
  std::vector<frame> frames_;           // by level; the last is of `first`
  std::vector<field_memory> memories_;  // by trie
  std::vector<std::optional<std::optional<std::string>>> page_texts_;
  const std::vector<std::size_t>* damage_ = nullptr;
  std::size_t damage_next_ = 0;

  tokens none_;
  const tokens* t_ = &none_;  // of the record at hand
  walker walker_;
  std::unique_ptr<unfolder> unfolder_;  // of a plan that parses texts
  const value* taken_ = nullptr;        // of the `any` that was evaluated last
  std::uint32_t first_ = 0, after_ = 0;
  std::string_view raw_;
  std::int64_t ordinal_ = 0;
  std::size_t kept_bytes_ = 0, vars_bytes_ = 0;
  std::string why_, buffer_;
};

}  // namespace sluice::decode
