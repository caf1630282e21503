#include "host/cancel.hpp"

#include <cctype>
#include <utility>

#include "engine/failure.hpp"
#include "host/ports.hpp"
#include "host/process.hpp"
#include "host/run_parts.hpp"

namespace sluice::host {

namespace {

// A server takes nothing else for a run's id, and says so in words of its own.
bool is_uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

// What asks for the lease of a run's tenant, pipeline and scope. It reads nothing, so its plan is empty.
engine::run_request lease_request(engine::session& session, const engine::run_row& run) {
  system_random random;
  engine::run_request r =
      new_request(run.tenant, run.pipeline, run.scope, run.correlation_id, session.now_us(), random);
  r.manifest_hash = run.manifest_hash;
  r.backend = run.backend;
  r.route_reason = "only to cancel " + run.run_id;
  r.mode = run.mode;
  r.plan = R"({"steps": [], "stages": []})";
  return r;
}

}  // namespace

engine::run_row find_run(engine::session& session, const std::string& run_id) {
  if (is_uuid(run_id)) {
    if (auto row = session.show_run(run_id)) return std::move(*row);
  }
  throw engine::failure(engine::failure_class::invalid, "SLU-7012",
                        "no run `" + run_id + "`; `sluice runs list --pipeline FILE` shows what there is");
}

cancel_answer cancel_run(engine::session& session, const std::string& run_id) {
  using how = cancel_answer::how;
  engine::run_row run = find_run(session, run_id);
  if (engine::is_terminal(run.state) || !session.request_cancel(run_id)) {
    return {how::ended, find_run(session, run_id), {}};
  }
  const engine::run_lease lease = session.start_run(lease_request(session, run), is_dead);
  if (lease.result == engine::run_lease::how::joined && lease.run_id == run_id) {
    return {how::asked, find_run(session, run_id), lease.held_by};
  }
  // Where the run has ended between the two questions, the lease is that of a run of ours that did nothing.
  if (lease.result != engine::run_lease::how::joined) {
    static_cast<void>(session.finish_run(lease.run_id, lease.epoch, true, {}, {}));
  }
  const bool taken = lease.result == engine::run_lease::how::took_over && lease.run_id == run_id;
  return {taken ? how::cancelled : how::ended, find_run(session, run_id), {}};
}

}  // namespace sluice::host
