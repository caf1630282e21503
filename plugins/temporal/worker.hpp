// A process at work for a cluster: it starts workflows for runs, and polls for what there is to do.
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <thread>

#include "temporal/activities.hpp"
#include "temporal/labels.hpp"
#include "temporal/tasks.hpp"

namespace sluice::durable {

class worker {
 public:
  worker(host_ref host, settings to, std::unique_ptr<transport> by);
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  // Waits until no step is under way.
  ~worker();

  // Begins to poll. Again: nothing.
  void poll();
  // Has a workflow started for the run, as soon as the cluster can be reached.
  void start(const std::string& run_id, const std::string& plan_json);
  void cancel(const std::string& run_id);
  // Throws failure: why it takes no runs now. Whoever asks wants to know, so the cluster is asked from now on.
  void check() {
    poll();
    to_.check();
  }

 private:
  struct known {
    std::string plan;
    bool started = false, busy = false;
    int failures = 0;
    std::chrono::steady_clock::time_point next{};
  };

  void begin(const std::string& run_id);
  [[nodiscard]] answer ask_to_start(const std::string& run_id, const std::string& plan_json);
  [[nodiscard]] answer tell_moved(const std::string& run_id);
  void started(const std::string& run_id, const answer& said);
  void over(const std::string& run_id);
  // Once in a while: workflows that nobody answers for, and those that were ended from outside.
  void look_after();
  void look_at(const std::string& run_id);
  void tick();
  void poll_tasks(bool sticky);
  void poll_steps(const std::string& queue);
  void greet();
  void learn();
  void say_goodbye();

  host_ref host_;
  steps_here steps_;
  slot names_;
  cluster to_;
  pool callers_{32};
  // Not on the threads that poll: what waits for them on a busy server goes to others after a second.
  pool handlers_{32};
  closings ends_;
  tasks tasks_;
  activities activities_;
  std::mutex mutex_;
  std::map<std::string, known> runs_;  // of this process, until their workflows are over
  std::atomic<bool> polling_ = false;
  // That the cluster has said what it is: the first workflow is to be as searchable as the others.
  std::promise<void> introduction_;
  std::shared_future<void> introduced_ = introduction_.get_future().share();
  std::vector<std::thread> threads_;
};

}  // namespace sluice::durable
