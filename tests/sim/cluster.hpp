// The hosts of one seed: processes that come and go, are paused, and die with requests under way.
#pragma once

#include <array>
#include <memory>
#include <set>
#include <vector>

#include "host.hpp"

namespace sluice::sim {

class cluster {
 public:
  explicit cluster(const surroundings& around);

  // Runs one handler of some host, or moves time. False: nothing will ever happen again.
  bool step();
  // From now on nothing disturbs the hosts any more; who is down or paused comes back.
  void calm();
  // The process of that host, or null while it is down or leaving.
  [[nodiscard]] host* at(int index);
  [[nodiscard]] bool alive(const engine::holder& h) const { return living_.contains(h.pid); }
  [[nodiscard]] std::string stuck() const { return stuck_; }
  [[nodiscard]] int crashes() const noexcept { return crashes_; }
  [[nodiscard]] int pauses() const noexcept { return pauses_; }

 private:
  struct slot {
    std::unique_ptr<host> process;
    std::int64_t paused_until_us = 0, left_us = 0, handlers = 0;
    bool quiet = false;  // nothing was ready; that can't change before time moves
  };

  bool step_one(slot& s);
  void disturb(slot& s);
  void start(int index);
  void stop(slot& s);
  void bury();
  [[nodiscard]] std::int64_t next_disturbance();

  surroundings around_;
  world& world_;
  std::array<slot, 2> slots_;
  std::vector<std::unique_ptr<host>> dying_;  // their requests are still under way
  std::set<std::int64_t> living_;
  std::int64_t processes_ = 0;
  int crashes_ = 0, pauses_ = 0;
  std::string stuck_;
};

}  // namespace sluice::sim
