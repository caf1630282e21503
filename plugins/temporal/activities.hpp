// Steps that the cluster hands out as activities: begun, kept alive by heartbeats, answered.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>

#include "temporal/closings.hpp"
#include "temporal/cluster.hpp"
#include "temporal/pool.hpp"
#include "temporal/steps_here.hpp"

namespace sluice::durable {

class activities {
 public:
  activities(host_ref host, cluster& to, steps_here& steps, pool& callers, closings& ends, const slot& names)
      : host_(host), to_(to), steps_(steps), callers_(callers), ends_(ends), names_(names) {}

  void handle(const ws::PollActivityTaskQueueResponse& task);
  // Tells the cluster that they are alive, and takes note of what it says. Call it about every 700 ms.
  void beat();
  // A run whose workflow was ended from outside stops here too, and ends.
  void end_if_over(const std::string& run_id);

 private:
  void answer(const std::string& token, const step_end& end);
  void fail(const std::string& token, const step_end& end);
  void beat_one(const std::string& token, const std::string& run_id);
  void forget(const std::string& token);

  host_ref host_;
  cluster& to_;
  steps_here& steps_;
  pool& callers_;
  closings& ends_;
  const slot& names_;
  std::mutex mutex_;
  std::map<std::string, std::string> alive_;  // token → run
  pool beats_{2};                             // of their own: nothing else may make them late
};

}  // namespace sluice::durable
