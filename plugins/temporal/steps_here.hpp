// The steps that are under way in this process. Whoever asks for one that is under way already waits for that one: a step
// that began inside of a workflow's task goes on when an activity takes its place.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <sluice/backend.hpp>
#include <sluice/runs.hpp>

namespace sluice::durable {

struct step_end {
  enum class how : std::uint8_t {
    ended,      // text: the outcome
    elsewhere,  // text: why this host can't do it, now
    gone,       // text: why nobody can
  };
  how what = how::ended;
  std::string text;
};

class steps_here {
 public:
  using told = std::function<void(const step_end&)>;

  explicit steps_here(const host_ref& host) : host_(host), steps_(host), runs_(host) {}
  steps_here(const steps_here&) = delete;
  steps_here& operator=(const steps_here&) = delete;
  ~steps_here() { wait_idle(); }

  // `done` comes exactly once, from any thread, maybe before this returns.
  void run(const std::string& run_id, const std::string& step, told done);
  // The end of a run, whose steps are stopped first.
  void cancel_and_end(const std::string& run_id, told done);
  // Stops the run if it is at work here.
  void stop(const std::string& run_id);
  // Whether it is at work here.
  [[nodiscard]] bool has(const std::string& run_id);
  // A step that yields is not gone on with.
  void close();
  void wait_idle();
  [[nodiscard]] std::string pipeline() const { return std::string(runs_.pipeline()); }

 private:
  using key = std::pair<std::string, std::string>;

  void begin(const key& k);
  void ended(const key& k, step_outcome outcome, std::string_view result_json);
  void tell(const key& k, const step_end& end);
  void finish(const key& k);
  [[nodiscard]] bool is_at_work(const std::string& run_id) const;  // with the lock

  host_ref host_;
  sluice::steps steps_;
  sluice::runs runs_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<key, std::vector<told>> under_way_;
  int telling_ = 0;  // callbacks that have not returned
  // Ends that wait until no step of their run is under way.
  std::map<std::string, std::vector<told>> ends_;
  bool closing_ = false;
};

}  // namespace sluice::durable
