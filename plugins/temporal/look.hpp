// A look at a cluster that does nothing for it: for who checks a configuration.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "temporal/labels.hpp"

namespace sluice::durable {

class look {
 public:
  look(host_ref host, const settings& to, std::unique_ptr<transport> by);
  look(const look&) = delete;
  look& operator=(const look&) = delete;
  ~look();

  // Throws failure: why it takes no runs, or that it has not answered yet.
  void check();

 private:
  void ask();

  host_ref host_;
  slot names_;
  cluster to_;
  std::atomic<bool> seen_ = false;  // and what there is to say has been said
  std::thread asking_;              // last: it uses the rest
};

}  // namespace sluice::durable
