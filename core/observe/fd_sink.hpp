// Writes whole lines to a file descriptor and survives a reader that is gone: no SIGPIPE, no exception.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include <spdlog/sinks/base_sink.h>

namespace sluice::observe {

class fd_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit fd_sink(int fd) : fd_(fd) {}
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  void count_lost() noexcept { ++lost_; }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override {}

  int fd_;
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace sluice::observe
