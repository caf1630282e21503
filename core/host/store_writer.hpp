// A run that takes rows into a store through the commit of all rows: stage after stage, one item each.
#pragma once

#include <string>

#include "engine/store.hpp"

namespace sluice::host {

class store_writer {
 public:
  store_writer(engine::session& session, std::string tenant, std::string pipeline,
               const std::string& scope = "copy");

  void begin(const std::string& stage);
  engine::commit_result put(const std::string& entry, engine::page page, bool end = false);
  void end();
  // One step; call it until it says that there is no more.
  engine::resolve_result resolve(int rows);
  void finish();

 private:
  engine::session& session_;
  std::string tenant_, pipeline_, stage_;
  engine::run_lease lease_;
  std::int64_t epoch_ = 0, seq_ = 0, commits_ = 0;
};

}  // namespace sluice::host
