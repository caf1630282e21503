// A cluster of answers that a test has written down, and a host whose steps end at once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <sluice/runs.hpp>
#include <sluice/testing/host.hpp>

#include "temporal/convert.hpp"
#include "temporal/transport.hpp"

namespace sluice::durable::test {

// What it is asked, and what it says to it. Polls get what it brings, then nothing until they are stopped.
class script {
 public:
  using reply = std::function<answer(google::protobuf::MessageLite& response)>;

  // The next question of that name is answered so; the last reply again and again.
  void says(const std::string& method, reply r) {
    const std::lock_guard lock(mutex_);
    replies_[method].push_back(std::move(r));
  }
  // The next poll of that name gets it; once.
  void brings(const std::string& method, reply r) {
    const std::lock_guard lock(mutex_);
    brought_[method].push_back(std::move(r));
  }
  [[nodiscard]] std::vector<std::string> asked(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return asked_[method];
  }
  // Until it was asked so often.
  void wait_for(const std::string& method, std::size_t times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_[method].size() >= times; });
  }
  template <class Request>
  [[nodiscard]] Request question(const std::string& method, std::size_t n = 0) {
    Request out;
    out.ParseFromString(asked(method).at(n));
    return out;
  }

 private:
  friend class scripted;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<std::string>> asked_;
  std::map<std::string, std::deque<reply>> replies_, brought_;
  bool stopped_ = false;
};

class scripted final : public transport {
 public:
  explicit scripted(script& s) : s_(s) {}

  answer call(const char* method, const google::protobuf::MessageLite& request,
              google::protobuf::MessageLite& response, std::chrono::milliseconds, bool poll) override {
    script::reply r;
    {
      std::unique_lock lock(s_.mutex_);
      if (poll) {
        auto& brought = s_.brought_[method];
        s_.changed_.wait(lock, [&] { return s_.stopped_ || !brought.empty(); });
        if (s_.stopped_) return {answer::kind::stopped, "stopping"};
        r = std::move(brought.front());
        brought.pop_front();
        lock.unlock();
        return r(response);
      }
      s_.asked_[method].push_back(request.SerializeAsString());
      auto& replies = s_.replies_[method];
      if (!replies.empty()) r = replies.front();
      if (replies.size() > 1) replies.pop_front();
    }
    const answer out = r ? r(response) : answer{};
    s_.changed_.notify_all();
    return out;
  }
  void stop_polls() override {
    const std::lock_guard lock(s_.mutex_);
    s_.stopped_ = true;
    s_.changed_.notify_all();
  }

 private:
  script& s_;
};

inline script::reply plain(answer::kind what, std::string text = {}) {
  return [=](google::protobuf::MessageLite&) { return answer{what, text}; };
}
template <class Response>
script::reply with(Response r) {
  return [r](google::protobuf::MessageLite& response) {
    static_cast<Response&>(response) = r;
    return answer{};
  };
}

// Every run is at work here, and every step and run ends at once.
inline void offer_runs(testkit::fake_host& host) {
  static constexpr sluice_steps_v1 steps{
      sizeof(sluice_steps_v1),
      [](const sluice_host*, sluice_str, sluice_str, sluice_step_progress, sluice_step_done done, void* data,
         sluice_error*) -> sluice_status {
        done(data, SLUICE_STEP_ENDED, detail::str(R"({"state":"complete"})"));
        return SLUICE_OK;
      },
      [](const sluice_host*, sluice_str, sluice_error*) -> sluice_status { return SLUICE_OK; }};
  static constexpr sluice_runs_v1 runs{
      sizeof(sluice_runs_v1), [](const sluice_host*) { return detail::str("p"); },
      [](const sluice_host*, sluice_str, sluice_run_told told, void* data, sluice_error*) -> sluice_status {
        told(data, detail::str(R"({"state":"running"})"));
        return SLUICE_OK;
      },
      [](const sluice_host*, sluice_str, sluice_error*) -> sluice_status { return SLUICE_OK; },
      [](const sluice_host*, sluice_str, sluice_run_told told, void* data, sluice_error*) -> sluice_status {
        told(data, detail::str(R"({"state":"succeeded"})"));
        return SLUICE_OK;
      }};
  host.offer(SLUICE_STEPS_1, &steps);
  host.offer(SLUICE_RUNS_1, &runs);
}

}  // namespace sluice::durable::test
