#include "host/dry_run.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>
#include <sluice/batch.hpp>

#include "engine/failure.hpp"
#include "engine/row_key.hpp"
#include "host/overlay.hpp"
#include "host/runtime.hpp"
#include "store/row_codec.hpp"

namespace sluice::host {

namespace {

using engine::run_row;

read_history history_of(store::store* store, const std::string& tenant, const std::string& pipeline,
                        const std::string& scope) {
  if (store == nullptr) return {};
  const auto session = store->open_session();
  return session->read_before(tenant, pipeline, scope, {true, true});
}

// How many records each stage had in the last run that completed it.
std::vector<stage_memory> memories_of(store::store* store, const std::string& tenant,
                                      const std::string& pipeline, const std::string& scope,
                                      const engine::run_plan& plan) {
  std::vector<stage_memory> out;
  if (store == nullptr) return out;
  const auto session = store->open_session();
  std::set<std::string> wanted;
  for (const engine::stage_plan& s : plan.stages) wanted.insert(s.name);
  constexpr int runs_to_look_at = 200;
  for (const run_row& listed : session->list_runs({tenant, {}, {}, runs_to_look_at})) {
    if (wanted.empty()) break;
    if (listed.pipeline != pipeline || listed.scope != scope) continue;
    const auto run = session->show_run(listed.run_id);
    for (const engine::stage_row& s : run->stages) {
      if (s.state != engine::stage_state::complete || wanted.erase(s.stage) == 0) continue;
      if (s.records.records > 0) out.push_back({s.stage, s.records.records});
    }
  }
  return out;
}

// The stored row of one key, or an empty object.
nlohmann::json values_of(engine::inspector& in, const std::string& tenant, const std::string& stream,
                         const std::string& key) {
  const engine::stored_page page = in.scan({tenant, stream, key, true, 1});
  if (page.about.empty() || page.about.front().key != key) return nlohmann::json::object();
  return nlohmann::json::parse(store::encode_row(batch_view(page.rows.get()), wire_layout(page.schema), 0));
}

std::vector<changed_value> differences(const nlohmann::json& before, const nlohmann::json& after) {
  std::set<std::string> columns;
  for (const auto& [name, value] : before.items()) columns.insert(name);
  for (const auto& [name, value] : after.items()) columns.insert(name);
  std::vector<changed_value> out;
  for (const std::string& c : columns) {
    const auto a = before.value(c, nlohmann::json()), b = after.value(c, nlohmann::json());
    if (a != b) out.push_back({c, a.dump(), b.dump()});
  }
  return out;
}

class collector_of_changes {
 public:
  collector_of_changes(engine::inspector& after, engine::inspector* before, const overlay& copy,
                       const dry_ask& ask, std::string run_id)
      : after_(after), before_(before), copy_(copy), ask_(ask), run_id_(std::move(run_id)) {}

  stream_changes of(const std::string& stream) {
    stream_changes out;
    engine::scan_request q;
    q.tenant = ask_.tenant;
    q.stream = stream;
    for (bool more = true; more;) {
      const engine::stored_page page = after_.scan(q);
      for (const engine::stored_info& row : page.about) {
        if (row.run_id == run_id_) add(out, stream, row);
      }
      more = page.more;
      if (more) q.after = page.about.back().key;
    }
    return out;
  }

 private:
  void add(stream_changes& out, const std::string& stream, const engine::stored_info& row) {
    const bool fresh = row.id > copy_.copied(stream);
    auto& list = row.deleted ? out.deleted : fresh ? out.inserted : out.updated;
    if (list.size() >= ask_.show) return;
    changed_row& r = list.emplace_back();
    r.key = row.key;
    if (row.deleted || fresh || before_ == nullptr) return;
    r.values = differences(values_of(*before_, ask_.tenant, stream, row.key),
                           values_of(after_, ask_.tenant, stream, row.key));
  }

  engine::inspector& after_;
  engine::inspector* before_;
  const overlay& copy_;
  const dry_ask& ask_;
  std::string run_id_;
};

dry_result execute(const dry_setup& s, const dry_ask& ask, engine::run_plan plan,
                   const std::vector<stage_memory>& memories, const std::string& scope = {}) {
  overlay copy;
  if (s.store != nullptr) copy.copy_tenant(*s.store, ask.tenant);
  copy.remember(ask.tenant, s.pipeline.name, scope, memories);
  local_host host({s.pipeline, s.catalog, s.loader, s.log, s.secrets, copy.store()});
  dry_result out;
  out.left_behind = copy.left_behind();
  out.run = host.execute({ask.tenant, scope, "plan", "nothing is written", "", std::move(plan), nullptr,
                          ask.on_progress, ask.cancelled});
  const auto before = s.store == nullptr ? nullptr : s.store->open_session();
  collector_of_changes changes(host.session().inspect(), before ? &before->inspect() : nullptr, copy, ask,
                               out.run.run_id);
  for (const stream_schema& schema : host.session().inspect().streams()) {
    stream_changes c = changes.of(schema.name);
    if (!c.inserted.empty() || !c.updated.empty() || !c.deleted.empty())
      out.streams[schema.name] = std::move(c);
  }
  const int show = static_cast<int>(std::min<std::size_t>(ask.show, std::numeric_limits<int>::max()));
  for (engine::deferred_row& d : host.session().list_deferred(ask.tenant, std::numeric_limits<int>::max())) {
    if (d.run_id == out.run.run_id && out.deferred.size() < ask.show) out.deferred.push_back(std::move(d));
  }
  if (show > 0) out.rejects = host.session().list_rejects(ask.tenant, out.run.run_id, show);
  return out;
}

// Everything is read in full, and what it does not bring is extra, however much that is.
manifest::pipeline reads_all(const manifest::pipeline& from) {
  manifest::pipeline out = from;
  for (manifest::phase* p : {&out.essential, &out.background}) {
    p->fresh_for_us = 0;
    for (manifest::item& i : p->items) {
      i.mode = manifest::mode::full;
      i.deletes = manifest::deletes::sweep;
      i.guard = {1.0, std::numeric_limits<int>::max()};
    }
  }
  return out;
}

void add_differences(const std::string& stream, const stream_changes& c, verifier& to) {
  const auto add = [&](const char* kind, const changed_row& r, const std::string& column, std::string what) {
    to.add({kind, stream, engine::readable_key(r.key), column, {}, std::move(what)});
  };
  for (const changed_row& r : c.inserted) add("missing", r, {}, "the upstream has it, the store has not");
  for (const changed_row& r : c.deleted) add("extra", r, {}, "the store has it, the upstream has not");
  for (const changed_row& r : c.updated) {
    std::string columns;
    for (const changed_value& v : r.values) columns += (columns.empty() ? "" : ", ") + v.column;
    add("different", r, columns, "the upstream has other values");
  }
}

}  // namespace

std::int64_t dry_result::changes() const {
  std::int64_t n = 0;
  for (const engine::stage_row& s : run.stages) {
    for (const auto& [stream, c] : s.streams) {
      n += c.inserted + c.updated + c.deleted + c.swept + c.resolved_inserted + c.resolved_updated;
    }
  }
  return n;
}

dry_result plan_run(const dry_setup& s, const dry_ask& ask) {
  const bool one = !ask.subject.empty();
  const std::string scope = one ? scope_of(ask.subject) : std::string();
  engine::run_plan plan =
      build_plan(s.pipeline, {ask.tenant, ask.phases, one ? run_part::subject : run_part::whole, ask.subject},
                 history_of(s.store, ask.tenant, s.pipeline.name, scope));
  const auto memories = memories_of(s.store, ask.tenant, s.pipeline.name, scope, plan);
  return execute(s, ask, std::move(plan), memories, scope);
}

std::vector<std::string> compare_with_upstream(const dry_setup& s, const dry_ask& ask, verifier& to) {
  const manifest::pipeline all = reads_all(s.pipeline);
  dry_setup setup{all, s.catalog, s.loader, s.log, s.secrets, s.store};
  const dry_result result = execute(setup, ask, build_plan(all, {ask.tenant}, {}), {});
  std::int64_t named = 0;
  for (const auto& [stream, c] : result.streams) {
    add_differences(stream, c, to);
    named += static_cast<std::int64_t>(c.inserted.size() + c.updated.size() + c.deleted.size());
  }
  to.add_more(std::max<std::int64_t>(0, result.changes() - named));
  std::vector<std::string> out;
  for (const engine::stage_row& stage : result.run.stages) {
    if (stage.state != engine::stage_state::complete) {
      out.push_back("stage `" + stage.stage + "` could not be read: " + stage.error_code + " " + stage.error);
    } else if (stage.records.rejected > 0) {
      out.push_back("stage `" + stage.stage + "`: " + std::to_string(stage.records.rejected) +
                    " records could not be read; what the upstream does not have was not looked for");
    }
  }
  if (result.left_behind > 0) {
    out.push_back(std::to_string(result.left_behind) +
                  " stored rows could not be compared: what they require is not there");
  }
  if (result.run.stages.empty()) out.emplace_back("the manifest reads nothing of this tenant");
  return out;
}

}  // namespace sluice::host
