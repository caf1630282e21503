// When a column that the mapping fills comes without a value in every row, where the stored rows have one: the
// upstream has dropped the field, or the mapping does not fit it. The stage fails before that page is written.
//
// The store is asked only about columns without a value, once more than the floor of rows have come so, and about
// all of them at once. While it answers that the stored rows have none either, or that it does not know the rows, it
// is asked again at the 2nd, 4th, 8th ... such page only: a column that is always empty costs next to nothing, and
// new records at the beginning of a read say nothing about those behind them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/inspector.hpp"
#include "engine/plan.hpp"

namespace sluice::engine {

// `rejects` of the read. An incremental one brings only what has changed, and all of that may rightly have lost a
// value (locks that were lifted): nothing is measured until the next full read.
[[nodiscard]] delete_guard measure_of(const stage_plan& plan);

// Of one stage.
class vanished_columns {
 public:
  // Never stricter than the default of `rejects`: that no record may be refused is no word about one that loses a
  // value. A share of 1 turns this off.
  explicit vanished_columns(const delete_guard& measure);

  struct question {
    std::string stream;
    const void* of = nullptr;
    std::vector<std::size_t> which;  // of the stream's optional columns
    std::vector<std::string> columns, keys;
    std::int64_t rows = 0;
  };
  // What the store has to be asked before this page is written.
  [[nodiscard]] std::vector<question> look_at(const page& p);
  // Takes the answer. Empty: go on. Else which columns have vanished, for people.
  [[nodiscard]] std::string judge(const question& q, const held_values& stored);

 private:
  struct column_state {
    std::int64_t empty = 0;                      // rows since a value was last seen
    std::int64_t pages = 0, ask_at = 1;          // pages without a value, and which of them asks next
    std::int64_t rows = 0, known = 0, held = 0;  // of the pages that speak for it, in a row
  };
  void look_at(const stream_rows& s, std::vector<question>& out);

  delete_guard guard_;
  std::map<const void*, std::vector<column_state>> streams_;  // by stream_rows::optional
};

}  // namespace sluice::engine
