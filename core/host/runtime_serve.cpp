// A pipeline among others on a host that serves: its runs' places, and how it leaves.
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "host/runtime.hpp"

namespace sluice::host {

bool runtime::is_open_here(const std::string& tenant, const std::string& scope) {
  const std::lock_guard lock(mutex_);
  return open_here_.contains({tenant, scope});
}

bool runtime::joins_here(const run_ask& ask) {
  return is_open_here(ask.tenant, ask.subject.empty() ? std::string() : scope_of(ask.subject));
}

void runtime::check_room(const run_ask& ask) {
  if (setup_.shared == nullptr) return;
  const auto full = setup_.shared->door.look(ask.tenant, ask.urgency, ask.patience_us, ask.coming);
  if (!full || joins_here(ask)) return;
  throw engine::failure(*full);
}

runtime::admitted runtime::admit(const run_ask& ask, const std::string& backend, engine::urgency claim) {
  admitted out;
  if (setup_.shared == nullptr) {
    out.gate->open();
    return out;
  }
  std::set<std::string> sources;
  for (const manifest::read& r : setup_.pipeline.reads)
    sources.insert(reader_->address_of(r.from, ask.tenant));
  for (const manifest::domain& d : setup_.pipeline.domains)
    sources.insert(health_name(setup_.pipeline.name, plugin_name(d.uses)));
  // A backend that is waited for is like a source that is ill; one that another stands in for is not waited for.
  const auto rule = setup_.pipeline.routing.when_unavailable.find(backend);
  if (rule == setup_.pipeline.routing.when_unavailable.end() || rule->second.use.empty())
    sources.insert(backend_name(setup_.pipeline.name, backend));
  const std::string scope = ask.part == run_part::subject ? scope_of(ask.subject) : std::string();
  out.place = setup_.shared->door.enter(
      {ask.tenant, claim, {sources.begin(), sources.end()}, is_open_here(ask.tenant, scope), ask.patience_us},
      [gate = out.gate] { gate->open(); });
  return out;
}

void runtime::essential_over(const std::string& run_id) {
  std::shared_ptr<admission::place> place;  // used without the lock: another run may begin with it
  if (const auto active = find(run_id)) {
    const std::lock_guard lock(mutex_);
    active->essential_over = true;
    place = active->place;
  }
  if (place) place->essential_over();
  tell_change(run_id);
}

bool runtime::has(const std::string& run_id) {
  const auto active = find(run_id);
  const std::lock_guard lock(mutex_);
  return active != nullptr && !active->over;
}

std::size_t runtime::open_runs() {
  const std::lock_guard lock(mutex_);
  std::size_t n = 0;
  for (const auto& [id, active] : active_) n += active->over ? 0 : 1;
  return n;
}

// Their truth is in the store. What is left of them goes on the engine's thread, where the last of it ran.
void runtime::forget_ended() {
  const std::int64_t before = clock_.steady_us() - setup_.remember_us;
  std::vector<std::shared_ptr<active_run>> gone;
  for (auto at = active_.begin(); at != active_.end();) {
    const active_run& run = *at->second;
    const bool kept = !run.over || run.steps > 0 || run.over_us > before || awaited_.contains(at->first);
    if (!kept) gone.push_back(std::move(at->second));
    at = kept ? std::next(at) : active_.erase(at);
  }
  std::erase_if(foreign_, [&](const auto& f) {
    return f.second.asked_us <= before && !active_.contains(f.first) && !awaited_.contains(f.first);
  });
  if (!gone.empty()) boost::asio::post(context_, [gone = std::move(gone)] {});
}

std::size_t runtime::remembered_runs() {
  const std::lock_guard lock(mutex_);
  std::size_t n = active_.size();
  for (const auto& [id, run] : foreign_) n += active_.contains(id) ? 0 : 1;
  return n;
}

void runtime::tend() {
  for (const auto& [name, backend] : backends_) static_cast<void>(look_at(name));
  const std::lock_guard lock(mutex_);
  forget_ended();
  for (const auto& [id, active] : active_) {
    // No backend knows of a queued run, so nobody else would end it.
    boost::asio::post(context_, [this, active = active] {
      if (!active->run->stopped().stopped() || !active->gate->close_if_shut()) return;
      boost::asio::co_spawn(context_, drive_end(active), boost::asio::detached);
    });
  }
}

// A run that could not begin stays open in the store; whoever finds its lease run out goes on with it.
void runtime::abandon(const std::shared_ptr<active_run>& active, engine::failure why) {
  const engine::run_identity& id = active->run->identity();
  setup_.log.write(
      observe::log_level::error,
      {.correlation_id = id.correlation_id, .tenant = id.tenant, .run_id = id.run_id, .code = why.code()},
      why.message());
  boost::asio::post(context_, [run = active->run] { run->leave(); });
  {
    const std::lock_guard lock(mutex_);
    active->ended = active->steps == 0;
  }
  over(active, std::move(why));
}

void runtime::empty_outbox() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return in_outbox_ == 0; });
}

void runtime::leave() {
  std::vector<std::shared_ptr<active_run>> open;
  std::vector<std::shared_ptr<admission::place>> places;  // given back without the lock
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, active] : active_) {
      open.push_back(active);
      places.push_back(std::move(active->place));
    }
  }
  // First: what waits for a backend leaves without a word.
  boost::asio::post(context_, [this] {
    outbox_stop_.stop(engine::failure(engine::failure_class::transient, "SLU-6005", "this host shuts down"));
  });
  for (const auto& active : open) {
    active->gate->close();
    boost::asio::post(context_, [run = active->run] { run->leave(); });
  }
}

}  // namespace sluice::host
