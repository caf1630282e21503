// How calls reach a cluster: one at a time, blocking. Behind an interface, so that something else than gRPC's C++ library can
// stand in its place, and a test.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <google/protobuf/message_lite.h>

#include "temporal/settings.hpp"

namespace sluice::durable {

struct answer {
  enum class kind : std::uint8_t {
    ok,
    again,      // it can't be reached: ask again
    limited,    // it answers, and has had enough for now: ask again later
    timed_out,  // nothing came in time; of a poll that is an answer too
    not_found,  // what it speaks of is over
    exists,
    refused,  // asking again does not help
    stopped,  // by us
  };
  kind what = kind::ok;
  std::string text;
  [[nodiscard]] bool good() const noexcept { return what == kind::ok; }
  [[nodiscard]] bool retryable() const noexcept {
    return what == kind::again || what == kind::limited || what == kind::timed_out;
  }
};

class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  // `poll`: stop_polls() ends it.
  virtual answer call(const char* method, const google::protobuf::MessageLite& request,
                      google::protobuf::MessageLite& response, std::chrono::milliseconds at_most,
                      bool poll) = 0;
  // Those that are under way and all later ones.
  virtual void stop_polls() = 0;
};

// `api_key`: its value, or empty. Throws failure when a file can't be read.
[[nodiscard]] std::unique_ptr<transport> make_grpc_transport(const settings& to, const std::string& api_key);

}  // namespace sluice::durable
