// What a read's mapping makes of one page: values, what it does not find and what stands there instead, and what
// would be refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/json_tree.hpp"
#include "host/probe.hpp"
#include "plugin/domain_instance.hpp"

namespace sluice::host {

struct mapped_column {
  std::string column;
  std::string from;                 // as the manifest has it: a pointer, a template, a constant
  std::string pointer;              // that it comes from; empty: from none, or from several
  std::vector<std::string> values;  // of the first rows, `null` where there is none
  bool has_default = false;
  std::size_t of = 0;                 // elements of the page that were looked at
  std::size_t absent = 0, nulls = 0;  // of these without the value, or with null there
  std::string why;                    // what stands there instead in the first element without it
};

struct mapped_into {
  std::string stream;
  std::string explode;  // pointers, outermost first
  std::int64_t rows = 0, rejected = 0;
  std::vector<mapped_column> columns;
};

struct refused_row {
  std::int64_t ordinal = 0;  // of the record, from 0
  std::string stream, key, field, reason;
};

struct mapping_sight {
  std::int64_t records = 0, mapped = 0, filtered = 0, rejected = 0;
  std::vector<mapped_into> into;
  std::vector<refused_row> refused;
  std::optional<engine::failure> failed;  // the page as a whole can't be read
  std::string why_no_records;             // what stands where the records should
  std::vector<std::pair<std::string, std::string>>
      children;  // stage and variables of the first record's items
};

class mapping_probe {
 public:
  // Opens the domain's plugin. Throws plugin::error or decode::error.
  mapping_probe(prober& host, const probed_read& of);
  [[nodiscard]] mapping_sight look(const probed_page& page);

 private:
  void look_at(const decode::page& raw, const json_tree* tree, mapping_sight& out);
  void look_into(std::size_t index, const decode::page& raw, const std::vector<const json_tree*>& records,
                 mapping_sight& out);
  void take_rows(decode::stream_rows& rows, mapped_into& into, mapping_sight& out);

  prober& host_;
  const probed_read& of_;
  plugin::loaded_component domain_;
  nlohmann::json spec_;
  plugin::call_scope call_;
  plugin::domain_instance transforms_;
};

// The elements that a chain of `explode` makes of a record, each with those that enclose it: the record first.
using element_path = std::vector<const json_tree*>;
[[nodiscard]] std::vector<element_path> elements_of(const json_tree& record, const nlohmann::json& explode);

}  // namespace sluice::host
