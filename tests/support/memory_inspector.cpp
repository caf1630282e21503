// Reading back what a memory store holds.
#include <algorithm>

#include <nlohmann/json.hpp>

#include <sluice/batch_builder.hpp>

#include "store/audit.hpp"
#include "store/row_codec.hpp"
#include "support/memory_tables.hpp"

namespace sluice::testing {
namespace {
using lock = std::lock_guard<std::recursive_mutex>;

class memory_inspector final : public engine::inspector {
 public:
  memory_inspector(memory_state& state, memory_tables& tables) : state_(state), tables_(tables) {}

  std::vector<stream_schema> streams() override {
    const lock taken(state_.mutex);
    std::vector<stream_schema> out;
    for (const auto& [name, claim] : state_.claims) out.push_back(claim.schema);
    return out;
  }

  engine::stored_page scan(const engine::scan_request& q) override {
    const lock taken(state_.mutex);
    engine::stored_page out;
    out.schema = schema_in(state_, q.stream);
    batch_builder rows(wire_layout(out.schema));
    const auto& stored = state_.rows[q.stream];
    auto at = stored.lower_bound({q.tenant, q.after});
    if (!q.including && !q.after.empty() && at != stored.end() && std::get<1>(at->first) == q.after) ++at;
    for (; at != stored.end() && std::get<0>(at->first) == q.tenant; ++at) {
      if (rows.rows() >= q.limit) {
        out.more = true;
        break;
      }
      add_row(out.schema, std::get<1>(at->first), at->second, q.tenant, rows, out.about.emplace_back());
    }
    out.rows = rows.finish();
    return out;
  }

  std::vector<bool> live(const std::string& tenant, const std::string& stream,
                         const std::vector<std::string>& keys) override {
    const lock taken(state_.mutex);
    std::vector<bool> out;
    for (const std::string& key : keys) {
      const auto& rows = state_.rows[stream];
      const auto at = rows.find({tenant, key});
      out.push_back(at != rows.end() && !at->second.deleted);
    }
    return out;
  }

  engine::held_values count_held(const std::string& tenant, const std::string& stream,
                                 const std::vector<std::string>& columns,
                                 const std::vector<std::string>& keys) override {
    const lock taken(state_.mutex);
    return held_in(state_, tenant, stream, columns, keys);
  }

  std::vector<std::int64_t> last_brought(const std::string& tenant, const std::string& stream,
                                         const std::vector<std::string>& keys) override {
    const lock taken(state_.mutex);
    std::vector<std::int64_t> out(keys.size(), 0);
    for (const auto& [place, line] : state_.ledger) {
      const auto& [run, stage, item, seq, of] = place;
      const auto page = state_.pages.find({run, stage, item, seq});
      if (of != stream || page == state_.pages.end() || state_.runs.at(run).row.tenant != tenant) continue;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (std::find(line.second.begin(), line.second.end(), keys[i]) != line.second.end())
          out[i] = std::max(out[i], page->second.requested_us);
      }
    }
    return out;
  }

  std::vector<engine::waiting_row> deferred(const std::string& tenant, const std::string& stream,
                                            const std::string& key, int limit) override {
    const lock taken(state_.mutex);
    std::vector<engine::waiting_row> out;
    for (auto at = state_.deferred.upper_bound({tenant, stream, key});
         at != state_.deferred.end() && std::get<0>(at->first) == tenant; ++at) {
      if (static_cast<int>(out.size()) == limit) break;
      const auto& d = at->second;
      const auto [pipeline, entry] = origin_of(d.origin);
      out.push_back({d.stream, d.key, d.reference, d.parent_stream, d.parent_key, d.payload, pipeline, entry,
                     d.age.version, d.age.read_at_us, d.expires_us});
    }
    return out;
  }

  std::vector<engine::audit_finding> audit(const std::string& run_id) override {
    const lock taken(state_.mutex);
    const auto run = state_.runs.find(run_id);
    if (run == state_.runs.end()) return {};
    std::vector<engine::audit_finding> out;
    for (const auto& [place, entry] : state_.items) {
      if (std::get<0>(place) != run_id) continue;
      std::int64_t pages = 0;
      for (const auto& [page, line] : state_.pages)
        pages += line.run_id == run_id && line.stage == std::get<1>(place) && line.item == std::get<2>(place);
      if (pages != entry.first.page_seq)
        out.push_back({std::get<1>(place), std::get<2>(place), "the checkpoint and the ledger differ"});
    }
    for (const auto& [place, line] : state_.ledger) {
      if (std::get<0>(place) == run_id && !line.first.balances())
        out.push_back({std::get<1>(place), std::get<2>(place), std::get<4>(place) + " does not add up"});
    }
    for (auto& f :
         store::audit_state(run->second.row, tables_.accounts(run_id), tables_.count_open_items(run_id)))
      out.push_back(std::move(f));
    return out;
  }

  std::vector<engine::kept_reject> rejects(const engine::reject_query& q) override {
    const lock taken(state_.mutex);
    std::vector<engine::kept_reject> out;
    for (auto at = state_.rejects.upper_bound(q.after_id); at != state_.rejects.end(); ++at) {
      const engine::reject_row& r = at->second;
      if (static_cast<int>(out.size()) == q.limit) break;
      if (r.tenant != q.tenant || r.stage != q.stage || r.run_id == q.not_run) continue;
      if (!q.run_id.empty() && r.run_id != q.run_id) continue;
      if (state_.runs.at(r.run_id).row.pipeline != q.pipeline) continue;
      const auto page = state_.pages.find({r.run_id, r.stage, r.item, r.page_seq});
      const auto item = state_.items.find({r.run_id, r.stage, r.item});
      out.push_back({r.id, r.what.ordinal, r.page_seq, r.run_id, r.stage, r.item, r.what.stream, r.what.key,
                     r.what.field, r.what.reason, r.what.raw,
                     page == state_.pages.end() ? 0 : page->second.requested_us,
                     item == state_.items.end() ? "{}" : item->second.first.vars});
    }
    return out;
  }

  std::vector<engine::reject_count> count_rejects(const std::string& tenant,
                                                  const std::string& pipeline) override {
    const lock taken(state_.mutex);
    std::vector<engine::reject_count> out;
    for (const auto& [id, r] : state_.rejects) {
      if (r.tenant != tenant || state_.runs.at(r.run_id).row.pipeline != pipeline) continue;
      const auto at = std::find_if(out.begin(), out.end(), [&](const engine::reject_count& c) {
        return c.run_id == r.run_id && c.stage == r.stage;
      });
      if (at != out.end()) ++at->rejects;
      else out.push_back({r.run_id, r.stage, 1});
    }
    return out;
  }

 private:
  [[nodiscard]] std::pair<std::string, std::string> origin_of(std::int64_t id) const {
    for (const auto& [names, origin] : state_.origins) {
      if (origin == id) return {std::get<0>(names), std::get<1>(names)};
    }
    return {};
  }

  void add_row(const stream_schema& schema, const std::string& key, const memory_row& row,
               const std::string& tenant, batch_builder& rows, engine::stored_info& about) {
    // The parents' keys are those that came, which is what the others read back from the parents.
    const auto layout = wire_layout(schema);
    nlohmann::json values = nlohmann::json::parse(row.values);
    if (row.age.version) values[std::string(source_version_column)] = *row.age.version;
    store::decode_row(values.dump(), layout, rows);
    const auto [pipeline, entry] = origin_of(row.origin);
    about = {key, row.hash, row.deleted, row.id, row.age.read_at_us, pipeline, entry, row.run_id, {}};
    for (std::size_t i = 0; i < schema.references.size(); ++i)
      about.parents.push_back(parent_of(schema, key, row, i, tenant));
  }

  engine::parent_state parent_of(const stream_schema& schema, const std::string& key, const memory_row& row,
                                 std::size_t i, const std::string& tenant) {
    using engine::parent_state;
    const reference& r = schema.references[i];
    if (!row.parents[i]) {
      return state_.links.contains({tenant, schema.name, key, r.name}) ? parent_state::waiting
                                                                       : parent_state::none;
    }
    for (const auto& [place, parent] : state_.rows[r.to]) {
      if (parent.id != *row.parents[i]) continue;
      if (std::get<0>(place) != tenant) return parent_state::foreign;
      return parent.deleted ? parent_state::deleted : parent_state::live;
    }
    return parent_state::missing;
  }

  memory_state& state_;
  memory_tables& tables_;
};
}  // namespace

memory_tables::~memory_tables() = default;

engine::inspector& memory_tables::inspect() {
  if (!inspector_) inspector_ = std::make_unique<memory_inspector>(state_, *this);
  return *inspector_;
}
}  // namespace sluice::testing
