// The calls that the worker makes, with what every one of them carries. What may be asked again is, with growing pauses,
// until the worker stops; the answer to the last attempt is what comes back.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>

#include "temporal/convert.hpp"
#include "temporal/transport.hpp"

namespace sluice::durable {

class cluster {
 public:
  cluster(host_ref host, settings to, std::unique_ptr<transport> by, const slot& names);

  // One question; `attempts` in all when nobody answers.
  template <class Request, class Response>
  answer ask(const char* method, Request& request, Response& response, int attempts = 5) {
    request.set_namespace_(to_.name_space);
    if constexpr (requires { request.set_identity(""); }) request.set_identity(names_.home());
    return call(method, request, response, attempts);
  }
  // The same of what belongs to no namespace.
  template <class Request, class Response>
  answer ask_cluster(const char* method, Request& request, Response& response, int attempts = 5) {
    return call(method, request, response, attempts);
  }
  // Nothing for a minute is an answer.
  template <class Request, class Response>
  answer poll(const char* method, const std::string& queue, bool sticky, Response& response) {
    Request request;
    request.set_namespace_(to_.name_space);
    request.set_identity(names_.home());
    set_queue(*request.mutable_task_queue(), queue, sticky);
    return poll_once(method, request, response);
  }
  void set_queue(::temporal::api::taskqueue::v1::TaskQueue& queue, const std::string& name,
                 bool sticky) const;

  // False: stopping.
  bool pause(std::chrono::milliseconds time);
  // Growing with each failure, never twice the same; ten times as long where it is asked too often.
  [[nodiscard]] std::chrono::milliseconds backoff(int failures, const answer& last);
  // Polls end, and nothing is asked twice from now on.
  void stop();
  [[nodiscard]] bool stopping();
  // Throws failure: why it can't be used now.
  void check();
  // It answers, and takes nothing of us; until an answer of it is good.
  void refused(const std::string& why);
  // After so long without a word a host counts as gone: longer where answers take long or are not given at all, since
  // what is slow is not dead.
  [[nodiscard]] std::chrono::seconds heartbeat() const noexcept;
  // Whether it has the attributes of labels.hpp, as far as it was asked.
  [[nodiscard]] bool searchable() const noexcept { return searchable_; }
  void searchable(bool has_them) noexcept { searchable_ = has_them; }
  [[nodiscard]] const settings& to() const noexcept { return to_; }

 private:
  answer call(const char* method, const google::protobuf::MessageLite& request,
              google::protobuf::MessageLite& response, int attempts);
  answer poll_once(const char* method, const google::protobuf::MessageLite& request,
                   google::protobuf::MessageLite& response);
  void note(const answer& a);
  void note_limit(const std::string& why);
  void note_time(std::chrono::milliseconds answered_in) noexcept;

  host_ref host_;
  settings to_;
  std::unique_ptr<transport> by_;
  const slot& names_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::minstd_rand chance_{std::random_device{}()};
  std::atomic<bool> searchable_ = false;
  std::atomic<std::int64_t> answers_in_ms_ = 0;  // of late
  bool stopping_ = false;
  std::string away_;                                        // empty: it answers
  std::string limited_;                                     // empty: it does not mind how often it is asked
  std::chrono::steady_clock::time_point complain_again_{};  // of its limits
  std::string refused_;                                     // empty: it takes what it is asked
  bool heard_ = false;                                      // of it, ever
  bool useful_ = false;                                     // it has taken something
};

}  // namespace sluice::durable
