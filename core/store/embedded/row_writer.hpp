// Decides about the rows of one stream, one by one, and writes them: newer or not, changed or not,
// parents there or not.
#pragma once

#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/embedded/tables.hpp"

namespace sluice::store::embedded {

class row_writer {
 public:
  // What belongs to a row beside its values. `origin_of` and `place` are asked by index into rows.
  struct context {
    writer by;
    std::function<std::int64_t(const prepared_row&)> origin_of;
    // Fills in run, stage, item, page and instants of a row that is deferred.
    std::function<void(const prepared_row&, deferred_record&)> place;
    bool resolving = false;  // the rows come from the deferred table: they are their own twins
  };

  row_writer(tables& t, stream_table& table, prepared_stream& s, const context& c);
  void run();

 private:
  struct lookup {
    std::vector<std::optional<std::int64_t>> parents;
    std::vector<link_record> links;
  };
  void decide_after_parents(std::uint32_t index);
  [[nodiscard]] bool push_parents(std::uint32_t index, std::vector<std::uint32_t>& stack);
  void decide(std::uint32_t index);
  [[nodiscard]] outcome compare(const prepared_row& row, const std::optional<stored_row>& stored);
  void remove(prepared_row& row, const stored_row& stored);
  void write(std::uint32_t index, const std::optional<stored_row>& stored);
  // Nothing: the row has its outcome already, because of a parent.
  [[nodiscard]] std::optional<lookup> look_up(std::uint32_t index);
  void defer(const prepared_row& row, const reference_plan& ref, const std::string& key);
  void replace_links(const prepared_row& row, const std::vector<link_record>& links);
  [[nodiscard]] bool waits_newer(const prepared_row& row);

  tables& tables_;
  stream_table& table_;
  prepared_stream& stream_;
  const context& context_;
  const std::string& name_;
  bool has_deferred_, has_links_;
  std::unordered_map<std::string_view, std::uint32_t> by_key_;  // only for streams that refer to themselves
  std::vector<std::uint8_t> visited_;
};

// Prepared streams in, outcomes in their rows out. Throws invalid when no table fits a stream.
[[nodiscard]] stream_table& table_of(tables& t, const prepared_stream& s);

}  // namespace sluice::store::embedded
