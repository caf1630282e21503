// What the store must hold once everything has come to rest, by what the upstream holds.
#pragma once

#include "directory.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

using stored_rows = std::map<std::tuple<std::string, std::string>, testing::memory_row>;

class final_state {
 public:
  final_state(const testing::memory_state& stored, const directory& upstream, const options& drawn)
      : stored_(stored), upstream_(upstream), options_(drawn) {}

  // The first row that is not as it should be; empty: there is none.
  [[nodiscard]] std::string difference() const;

 private:
  [[nodiscard]] std::map<std::string, engine::hash128> wanted(const std::string& stream) const;
  void add(std::map<std::string, engine::hash128>& out, const std::string& list) const;
  [[nodiscard]] bool has_person(const std::string& key) const;
  [[nodiscard]] std::string compare(const std::string& stream) const;
  [[nodiscard]] std::string check_links() const;
  [[nodiscard]] std::string check_orphans() const;

  const testing::memory_state& stored_;
  const directory& upstream_;
  const options& options_;
};

[[nodiscard]] bool same_rows(const std::map<std::string, stored_rows>& a,
                             const std::map<std::string, stored_rows>& b);

}  // namespace sluice::sim
