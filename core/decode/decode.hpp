// Page bytes in, rows out: the one place where an upstream's bytes become typed values.
//
// Digits and bytes are exact: numbers go from their token to the column without passing through a double
// (but for float columns), text is copied byte for byte. What can't be held is rejected, never altered.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/arrow_schema.hpp>

#include "decode/error.hpp"
#include "decode/program.hpp"

namespace sluice::decode {

enum class format : std::uint8_t { json, ndjson, csv };

struct page {
  format as = format::json;
  std::string_view bytes;  // parsed in place; nothing behind them is read, so no padding is asked for
};

// What templates may name: "tenant", "tenant.vars.realm", "subject", "parent.id".
using variables = std::map<std::string, std::string, std::less<>>;

// Where a record lies in the page, for whoever rejects one of its rows later.
struct span {
  std::uint64_t offset = 0, size = 0;
};

struct reject {
  std::int64_t ordinal = 0;  // of the record in its page, from 0
  std::string stream;        // empty: the record itself
  std::string key;           // the row's external_id, where it is known
  std::string field;         // the column; empty: the record itself
  std::string reason;
  std::string raw;  // the record as it came, cut to limits::reject_bytes, always UTF-8
};

// The rows of one stream. rows = rows of all batches + rejected.
struct stream_rows {
  const stream_schema* schema = nullptr;  // of the program
  std::int64_t rows = 0, rejected = 0;
  std::vector<array_handle> batches;    // in wire layout; each within the batch profile; none when no row
  std::vector<std::uint32_t> ordinals;  // the record of each accepted row, through all batches
};

struct child {
  std::string stage;
  std::string vars;  // JSON object, text to text: what the read keeps, as "parent.NAME"
};

struct result {
  // records = mapped + filtered + rejected. Filtered: `where` kept it out, or that of each `into`.
  std::int64_t records = 0, mapped = 0, filtered = 0, rejected = 0;
  std::vector<stream_rows> streams;  // one for each of program::streams()
  std::vector<reject> rejects;       // of records and of rows, in the page's order
  std::vector<child> children;
  std::vector<span> spans;  // of each record, by ordinal

  // The bytes of a record, cut for a reject.
  [[nodiscard]] std::string raw(const page& from, std::int64_t ordinal, std::size_t max = 64U << 10) const;
};

// Buffers that one thread reuses from page to page.
class scratch {
 public:
  scratch();
  scratch(scratch&&) noexcept;
  scratch& operator=(scratch&&) noexcept;
  ~scratch();
  struct state;
  [[nodiscard]] state& get() noexcept { return *state_; }

 private:
  std::unique_ptr<state> state_;
};

// Throws error when the page as a whole can't be read: it is then never half taken.
[[nodiscard]] result decode(const program& by, const page& from, const variables& vars, scratch& reuse);
[[nodiscard]] result decode(const program& by, const page& from, const variables& vars);

}  // namespace sluice::decode
