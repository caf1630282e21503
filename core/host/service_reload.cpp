// Which pipelines a host serves: opening them, and reading their manifests again.
#include <algorithm>
#include <filesystem>
#include <set>

#include "host/open.hpp"
#include "host/process.hpp"
#include "host/service.hpp"
#include "plugin/error.hpp"

namespace sluice::host {

namespace fs = std::filesystem;

using engine::failure;
using engine::failure_class;
using observe::log_level;

namespace {

// Everything that a manifest says, tenants included, which its hash leaves out.
std::string fingerprint_of(const manifest::pipeline& p) {
  std::string out = p.hash + (p.tenants.open ? "|open" : "|");
  for (const auto& [id, t] : p.tenants.known) {
    out += '\n' + id + (t.critical ? "!" : "");
    for (const auto* pairs : {&t.vars, &t.secrets}) {
      for (const auto& [name, value] : *pairs) out += '\x1e' + name + '\x1f' + value;
    }
  }
  return out;
}

bool same_place(const store::store_options& a, const store::store_options& b) {
  return a.uses == b.uses && a.path == b.path && a.dsn == b.dsn && a.schema == b.schema;
}

}  // namespace

service::service(service_setup setup) : setup_(std::move(setup)), host_(random_.next()) {
  const auto all = files();
  if (all.empty()) {
    throw failure(failure_class::invalid, "SLU-7040",
                  "nothing to serve: name manifests, or their folder as `manifests` in the host file");
  }
  for (const std::string& file : all) {
    if (auto made = open(file)) {
      served_.push_back(std::move(made));
    } else {
      throw plugin::error(plugin::status::invalid, "SLU-6064",
                          file + " is wrong: nothing is served until it is mended");
    }
  }
  setup_.log.write(log_level::info, {}, "serving",
                   {{"event", "serve.started"},
                    {"pipelines", served_.size()},
                    {"store", store_->describe().location},
                    {"pid", this_process().pid}});
}

std::vector<std::string> service::files() const {
  if (!setup_.manifests.empty() || !setup_.settings.manifests) return setup_.manifests;
  std::vector<std::string> out;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(*setup_.settings.manifests, unreadable)) {
    if (entry.path().extension() == ".yaml" && entry.is_regular_file()) out.push_back(entry.path().string());
  }
  if (unreadable) {
    throw failure(failure_class::invalid, "SLU-7041",
                  "the folder of manifests can't be read: " + setup_.settings.manifests->string() + ": " +
                      unreadable.message());
  }
  std::sort(out.begin(), out.end());
  return out;
}

void service::open_store(const manifest::pipeline& first, const secret_store& secrets) {
  where_ = store_options_of(first, secrets);
  store_ = open_writable(where_);
  session_ = store_->open_session();
  clock_.emplace(session_->now_us());
  jobs_ = std::make_unique<store::threaded_store>(*store_);
  pool_ = std::make_unique<turn_pool>(decoding_threads());
  health_ = std::make_unique<source_health>(*clock_);
  backends_ = std::make_unique<backend_health>(*clock_);
  door_ = std::make_unique<admission>(
      setup_.settings.limits, *clock_, random_,
      [this](const std::string& name) { return health_->sick(name) || backends_->away(name); });
  backends_->on_recovery([this] { door_->look_again(); });
  health_->on_recovery([this] { door_->look_again(); });
  health_->gate().on_change([this](const std::string& address, const std::string& code) {
    if (code.empty()) return event(log_level::info, {}, "source.back", address + " answers again");
    event(log_level::warn, {.code = code}, "source.down",
          address + " does not answer as it should: one request at a time tries whether it is back");
  });
  shared_ = std::make_unique<shared_parts>(
      shared_parts{*jobs_, *pool_, *door_, *health_, *backends_, metrics_, setup_.on_change});
  // Not at once: a host that starts has better things to do.
  old_us_ = clock_->steady_us() + 60'000'000 + static_cast<std::int64_t>(random_.next() % 600'000'000);
}

void service::check_store(const manifest::pipeline& pipeline, const secret_store& secrets) const {
  if (same_place(where_, store_options_of(pipeline, secrets))) return;
  throw plugin::error(plugin::status::invalid, "SLU-6062",
                      pipeline.file +
                          ": its store is not that of the other pipelines; one host has one store, so "
                          "serve it by a host of its own");
}

void service::check_name(const std::string& file, const manifest::pipeline& pipeline) const {
  for (const auto& s : served_) {
    if (s->file == file || s->pipeline->name != pipeline.name) continue;
    throw plugin::error(plugin::status::invalid, "SLU-6061",
                        file + ": its name, `" + pipeline.name + "`, is that of " + s->file +
                            "; runs belong to a pipeline by its name, so each needs one of its own");
  }
}

// Nothing: the manifest is wrong, and that has been told.
std::shared_ptr<service::served> service::open(const std::string& file) {
  auto loaded = setup_.load(file);
  if (!loaded) return nullptr;
  auto out = std::make_shared<served>();
  out->file = file;
  out->fingerprint = fingerprint_of(*loaded);
  out->pipeline = std::make_unique<manifest::pipeline>(std::move(*loaded));
  out->secrets = std::make_unique<secret_store>(out->pipeline->tenants, setup_.redactor);
  check_name(file, *out->pipeline);
  if (store_ == nullptr) open_store(*out->pipeline, *out->secrets);
  check_store(*out->pipeline, *out->secrets);
  out->engine = std::make_unique<runtime>(runtime_setup{*out->pipeline, setup_.catalog, setup_.loader,
                                                        setup_.log, *out->secrets, *store_,
                                                        setup_.settings.lease_us, shared_.get()});
  return out;
}

host_state service::state() const {
  const admission::passed passed = door_->so_far();
  host_state out{door_->active(),
                 door_->queued(),
                 passed.runs,
                 passed.waited_us,
                 {},
                 stale(),
                 backends_away(),
                 metrics_.all(),
                 0,
                 {}};
  for (const served_pipeline& p : pipelines()) {
    for (const manifest::source& s : p.pipeline->sources)
      out.sources.push_back(
          {p.pipeline->name, s.name, health_->any_sick(health_name(p.pipeline->name, s.name))});
    std::set<std::string> slow;
    for (const manifest::domain& d : p.pipeline->domains) {
      if (health_->sick(health_name(p.pipeline->name, plugin_name(d.uses)))) slow.insert(plugin_name(d.uses));
    }
    for (const std::string& name : slow) out.sources.push_back({p.pipeline->name, name, true});
  }
  return out;
}

void service::retire(std::shared_ptr<served> old) {
  event(log_level::info, {}, "serve.retired",
        old->file + ": no new run begins by its old text; " + std::to_string(old->engine->open_runs()) +
            " runs end by it");
  retired_.push_back(std::move(old));
}

void service::keep_old(const std::string& file, const std::string& code, const std::string& why) {
  {
    const std::lock_guard lock(served_mutex_);
    stale_[file] = why;
  }
  event(log_level::error, {.code = code}, "serve.stale",
        why + "; " + file + " is served as it was before, so what is served is not what the file says");
}

void service::reload_one(const std::string& file) {
  const auto at =
      std::find_if(served_.begin(), served_.end(), [&](const auto& s) { return s->file == file; });
  try {
    auto made = open(file);
    if (made == nullptr) return keep_old(file, "SLU-6063", "the manifest is wrong");
    const bool is_new = at == served_.end();
    if (!is_new && (*at)->fingerprint == made->fingerprint) return;
    {
      const std::lock_guard lock(served_mutex_);
      if (is_new) served_.push_back(std::move(made));
      else std::swap(*at, made);
    }
    if (!is_new) retire(std::move(made));
  } catch (const failure& f) {
    keep_old(file, f.code(), f.message());
  } catch (const plugin::error& e) {
    keep_old(file, e.code(), e.message());
  }
}

void service::reload() {
  std::vector<std::string> all;
  try {
    all = files();
  } catch (const failure& f) {
    return keep_old("every manifest", f.code(), f.message());
  }
  {
    const std::lock_guard lock(served_mutex_);
    stale_.clear();
  }
  // First what is gone: its name may be that of a new one.
  const std::set<std::string> now(all.begin(), all.end());
  for (std::size_t i = served_.size(); i-- > 0;) {
    if (now.contains(served_[i]->file)) continue;
    const auto old = served_[i];
    {
      const std::lock_guard lock(served_mutex_);
      served_.erase(served_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    retire(old);
  }
  for (const std::string& file : all) reload_one(file);
  event(log_level::info, {}, "serve.reloaded", std::to_string(served_.size()) + " pipelines are served");
}

}  // namespace sluice::host
