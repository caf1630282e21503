// What the upstream owns, how it changes, and all that it has ever been: the simulation's oracle.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sluice/schema.hpp>

#include "options.hpp"

namespace sluice::sim {

struct record {
  std::string id;
  std::string ref, other;       // keys of the rows that it points to; may be empty
  std::int64_t pos = 0;         // where it stands in its list; what has moved or changed stands at the end
  std::int64_t version = 0;     // grows with each change, over all lists
  std::int64_t changed_us = 0;  // as the upstream dates it; it may show up later than that
  int value = 0;
  bool unreadable = false, refused = false;  // the record can't be decoded; its row is not valid
  bool deleted = false;                      // it says so itself
};

// Lists: people, groups, grants, notes, badges, and for each group its members: "members:g1".
using record_list = std::map<std::int64_t, record>;

class directory {
 public:
  directory(world& w, const options& o);

  [[nodiscard]] const record_list& list(const std::string& name) const;
  [[nodiscard]] const record* find(const std::string& list, const std::string& id) const;
  // Something happens to the tenant.
  void change();
  // A record that stands between the two places is deleted, or says so. Its people: whom it was about.
  std::string lose_one(const std::string& list, std::int64_t after, std::int64_t up_to);
  // Every record can be read again.
  void mend();
  // A list said that it is not there, although it is.
  void denied(const std::string& list);

  // Streams in which a list's records are kept, and under which key.
  [[nodiscard]] static const stream_schema& stream_of(const std::string& list);
  [[nodiscard]] static std::string key_of(const std::string& list, const record& r);
  [[nodiscard]] static const std::vector<const stream_schema*>& streams();

  // Of one row: was it there all the time, or away at any instant?
  [[nodiscard]] bool always_there(const std::string& stream, const std::string& key, std::int64_t from_us,
                                  std::int64_t to_us) const;
  [[nodiscard]] bool ever_away(const std::string& stream, const std::string& key, std::int64_t from_us,
                               std::int64_t to_us) const;

 private:
  using presence = std::vector<std::pair<std::int64_t, bool>>;

  record& put(const std::string& list, record r);
  void erase(const std::string& list, std::int64_t pos);
  void mark(const std::string& list, const record& r, bool there);
  void add(const std::string& list);
  void touch(const std::string& list, record r, bool move);
  void set_flag(const std::string& list, record& r);
  std::string some_person();
  record_list::iterator some(record_list& in);
  [[nodiscard]] const presence* life_of(const std::string& stream, const std::string& key) const;

  world& world_;
  std::int64_t late_us_;
  std::map<std::string, record_list> lists_;
  std::map<std::pair<std::string, std::string>, presence> lives_;  // (stream, key)
  std::map<std::string, std::vector<std::string>> gone_;           // ids that were in a list once
  std::int64_t last_ = 0;                                          // of positions and versions
  int ids_ = 0;
};

}  // namespace sluice::sim
