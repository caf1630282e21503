// A command that answers before its work is done: the work is done by a process of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace sluice::cli {

class background_process {
 public:
  // Call before any thread is there. In the process that was started: returns, and goes on with the work. In
  // the one that the caller waits for: does not return before there is an answer or the work has ended, and
  // passes interrupts on. Then it holds the exit code.
  background_process();
  background_process(const background_process&) = delete;
  background_process& operator=(const background_process&) = delete;
  ~background_process();

  [[nodiscard]] const std::optional<int>& exit_code() const noexcept { return exit_code_; }

  // What stands on standard output is the answer: whoever waits gets it with this exit code, and this process
  // lets go of their terminal and files.
  void answer(int with);

 private:
  void wait_for(int child);

  int pipe_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace sluice::cli
