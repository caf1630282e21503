// A private store in a folder of its own that begins with what another store holds of a tenant: what is
// done to it shows what would be done to that one, and is gone with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/store.hpp"

namespace sluice::host {

// What earlier runs mean for a stage that brings nothing this time.
struct stage_memory {
  std::string stage;
  std::int64_t records = 0;
};

class overlay {
 public:
  overlay();
  ~overlay();
  overlay(const overlay&) = delete;
  overlay& operator=(const overlay&) = delete;

  // Copies live rows, tombstones and deferred rows of the tenant, page by page, through the commit of all
  // rows: with their hashes, versions and origins. Call once, before anything else uses the store.
  void copy_tenant(store::store& from, const std::string& tenant);
  // So that a stage which brings nothing is as suspect here as it would be there.
  void remember(const std::string& tenant, const std::string& pipeline, const std::string& scope,
                const std::vector<stage_memory>& stages);

  [[nodiscard]] store::store& store() noexcept { return *store_; }
  // Rows with an id up to this one were copied.
  [[nodiscard]] std::int64_t copied(const std::string& stream) const;
  // Rows that could not be copied: what they require is not there.
  [[nodiscard]] std::int64_t left_behind() const noexcept { return left_behind_; }

 private:
  class copier;
  std::filesystem::path folder_;
  std::unique_ptr<store::store> store_;
  std::map<std::string, std::int64_t> copied_;
  std::int64_t left_behind_ = 0;
};

}  // namespace sluice::host
