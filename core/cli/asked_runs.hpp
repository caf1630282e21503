// The runs that one command has asked for: of a tenant; or of a subject, and then also of the rest of its tenant.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/app.hpp"
#include "host/runtime.hpp"

namespace sluice::cli {

class asked_runs {
 public:
  // `manifest` is the file to name in commands that show more.
  asked_runs(app& a, host::runtime& runtime, std::string manifest);

  void start(const host::run_ask& ask);
  // Until the essential phase of all is over. False: it is not, after that time or its deadline.
  bool wait_essential(std::chrono::microseconds at_most, const std::function<bool()>& interrupted);
  // Until the end of each; an interrupt cancels them.
  std::vector<engine::run_row> wait(const std::function<bool()>& interrupted);

  // As it stands: the state of what is essential, and how old what is stored of it is. The exit code.
  int print_state();
  // The receipts. The exit code is that of the worst.
  int print(const std::vector<engine::run_row>& rows);

  // Some of them are this process's own.
  [[nodiscard]] bool any_here() const;

 private:
  void print_json(const nlohmann::json& by_name) const;
  void cancel();

  app& app_;
  host::runtime& runtime_;
  std::string manifest_;
  bool of_subject_ = false;
  std::vector<host::run_answer> runs_;  // the subject's first
};

}  // namespace sluice::cli
