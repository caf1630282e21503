// Writes the rows of one stream inside a transaction: looks up what is stored, decides what each row
// becomes, finds parents, writes what is new or changed, and keeps deferred rows and pending links.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/postgres/connection.hpp"
#include "store/postgres/tables.hpp"
#include "store/prepare.hpp"

namespace sluice::store::postgres {

// From here on it is asked first whether a range of keys holds anything at all.
inline constexpr std::size_t bulk_rows = 2'000;
// From here on new rows go by COPY instead of arrays.
inline constexpr std::size_t copy_rows = 50;
// From here on the hashes of a whole range of keys are read, instead of a look-up for each key.
inline constexpr std::size_t range_rows = 32;

// Another transaction wrote the same rows in between: the batch has to be done again.
class overtaken : public std::exception {};
// The rows that the server refuses are known now: the batch has to be done again without them.
class found_refused : public std::exception {};

// Where a page's rows come from, as stored with them.
struct page_source {
  std::int64_t origin = 0;
  std::string stage, item;
  std::int64_t page_seq = 0;
  std::string run;  // as a uuid parameter; for rows that are deferred
};

// Rows that the server refused in an earlier try: (stream, key) → column and reason.
using refused_rows = std::map<std::pair<std::string, std::string>, std::pair<std::string, std::string>>;

// What all streams of one transaction share.
struct write_context {
  connection& db;
  std::string schema;       // of the streams' tables
  std::string tenant, run;  // run: as a uuid parameter
  std::int64_t now_us = 0;
  std::vector<page_source> pages;
  refused_rows* refused = nullptr;
  bool point_probes = false;           // after a collision: look at every key
  bool careful = false;                // after a refused value: find the row
  bool resolving = false;              // the rows come from the deferred table
  std::map<std::string, bool> tables;  // which parents' tables exist
};

class stream_writer {
 public:
  stream_writer(write_context& context, const stream_table& table, prepared_stream& batch);
  // What the stored rows of the batch are asked first; so that it can be asked together with other things of the
  // transaction. Nothing: no row is left to ask for.
  [[nodiscard]] std::optional<statement> look_up() const;
  // Gives every row its outcome. `has_deferred`: some row of the stream waits in the deferred table. `found`: the
  // answer to look_up(), when there is one.
  void run(bool has_deferred, bool has_links, const rows* found = nullptr);

 private:
  struct decision {
    std::uint32_t index = 0;            // in rows.rows
    std::int64_t id = 0;                // of the stored row, or of the one to be
    bool live = false;                  // the stored row exists and is no tombstone
    bool dropped = false;               // it turned out that it is not written
    std::vector<std::int64_t> parents;  // ids, 0 = none, by reference
  };
  using decisions = std::vector<decision>;
  struct waiting {  // a row that cannot be written yet, or a link that cannot be set
    std::uint32_t index = 0;
    std::size_t reference = 0;
    std::string parent;
  };
  using sink = void (stream_writer::*)(const decision*, std::size_t);

  // lookup.cpp
  void drop_refused();
  void look_for_newer_twins();
  void probe(const rows* found);
  [[nodiscard]] bool asks_whether_any() const;
  void all_new();
  [[nodiscard]] statement probe_of(const std::vector<std::uint32_t>& indices) const;
  void probe_for(const std::vector<std::uint32_t>& indices);
  void classify(const std::vector<std::uint32_t>& indices, const rows& found);
  void classify_one(std::uint32_t index, const rows& found, std::size_t row);
  [[nodiscard]] parameters key_parameters(const std::vector<std::uint32_t>& indices) const;
  void append_bounds(parameters& to) const;
  void append_hashes(parameters& to, const std::vector<std::uint32_t>& indices) const;

  // compare.cpp
  [[nodiscard]] bool compares() const;
  [[nodiscard]] bool with_versions() const;
  [[nodiscard]] std::int64_t most_hashes() const;
  [[nodiscard]] statement range_hashes() const;
  [[nodiscard]] bool compare(const rows& found);
  [[nodiscard]] std::vector<std::uint32_t> rows_unlike(std::string_view stored, bool versions) const;

  // references.cpp
  using ids_by_key = std::unordered_map<std::string, std::int64_t>;
  void find_parents();
  void assign_ids();
  void load_parents(const std::vector<decision*>& all);
  void place_all(const std::vector<decision*>& all);
  [[nodiscard]] bool place(decision& d);
  void note_links(const decision& d);
  [[nodiscard]] ids_by_key live_rows(const reference& r, const std::vector<std::string>& keys);
  [[nodiscard]] bool has_table(const std::string& stream);

  // write.cpp
  [[nodiscard]] bool checks_while_copying() const;
  void check_values(decisions& list);
  void write();
  void guarded(sink how, const decisions& list);
  void bisect(sink how, const decision* from, std::size_t count);
  void blame(const decision& d, const std::string& reason);
  void insert(const decision* from, std::size_t count);
  void copy(const decision* from, std::size_t count);
  void update(const decision* from, std::size_t count);
  void tombstone();
  void raise_versions();
  void append_tuple(std::string& out, const decision& d);
  // Says why when the value can't be stored; then what was appended is of no use.
  [[nodiscard]] std::optional<std::string> append(std::string& out, const written_column& c,
                                                  const decision& d);
  [[nodiscard]] parameters keys_of(const decision* from, std::size_t count) const;

  // waiting.cpp
  void defer();
  void drop_twins();
  void link();

  [[nodiscard]] const prepared_row& row(const decision& d) const { return rows_.rows[d.index]; }
  [[nodiscard]] bool two_keys() const noexcept { return table_.key.size() == 2; }

  write_context& context_;
  const stream_table& table_;
  prepared_stream& rows_;
  bool self_ = false;                 // some reference points to this stream
  std::vector<std::uint32_t> asked_;  // rows to decide about
  decisions inserts_, updates_, tombstones_, raised_;
  std::vector<std::vector<std::optional<std::string>>> parent_keys_;  // by reference, then row of the batch
  std::vector<ids_by_key> parents_;                                   // live ones, by reference
  std::vector<waiting> deferred_, links_;
};

}  // namespace sluice::store::postgres
