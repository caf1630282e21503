#include "temporal/look.hpp"

#include "temporal/codes.hpp"

namespace sluice::durable {

look::look(host_ref host, const settings& to, std::unique_ptr<transport> by)
    : host_(host), names_(to.task_queue), to_(host, to, std::move(by), names_), asking_([this] { ask(); }) {}

look::~look() {
  to_.stop();
  asking_.join();
}

void look::check() {
  to_.check();
  if (!seen_)
    throw failure(status::transient, codes::unreachable,
                  "Temporal at " + to_.to().address + " has not answered yet");
}

void look::ask() {
  for (int failures = 1;; ++failures) {
    const answer said = introduce(to_);
    if (said.what == answer::kind::stopped) return;
    if (said.good()) break;
    if (!said.retryable()) to_.refused("refuses the namespace `" + to_.to().name_space + "`: " + said.text);
    if (!to_.pause(to_.backoff(failures, said))) return;
  }
  host_.log(
      log_level::info,
      to_.searchable()
          ? std::string("workflows can be searched by ") + by_tenant + " and " + by_pipeline
          : "workflows can't be searched by tenant yet; this makes it so: " + register_command(to_.to()));
  seen_ = true;
}

}  // namespace sluice::durable
