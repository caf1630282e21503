#include "cli/run_options.hpp"

#include <random>

#include "manifest/scalar.hpp"
#include "observe/identifiers.hpp"

namespace sluice::cli {

namespace {

host::wanted_phase phase_of(const std::string& text) {
  if (text == "essential") return host::wanted_phase::essential;
  return text == "background" ? host::wanted_phase::background : host::wanted_phase::both;
}

// Made here and not by the runtime, so that the first line of progress has it too.
std::string made_correlation_id(const std::string& tenant) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return observe::correlation_id(tenant, std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                                 std::random_device{}());
}

}  // namespace

std::optional<std::chrono::microseconds> checked(run_options& o) {
  if (!o.correlation_id.empty() && !observe::valid_correlation_id(o.correlation_id)) {
    throw engine::failure(engine::failure_class::invalid, "SLU-7011",
                          "--correlation-id takes 1-128 characters of A-Z a-z 0-9 . _ : -");
  }
  if (o.correlation_id.empty()) o.correlation_id = made_correlation_id(o.tenant);
  if (o.by_subject) host::check_subject(o.subject);
  if (o.wait.empty()) return std::nullopt;
  const auto us = manifest::parse_duration(o.wait);
  if (us) return std::chrono::microseconds(*us);
  throw engine::failure(engine::failure_class::invalid, "SLU-7021",
                        "--wait takes a time such as 3s or 500ms");
}

host::run_ask ask_of(const run_options& o) {
  host::run_ask ask{o.tenant, o.backend, o.correlation_id, phase_of(o.phase)};
  ask.subject = o.subject;
  return ask;
}

}  // namespace sluice::cli
