#include "host/overlay.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sluice/batch_builder.hpp>

#include "engine/row_hash.hpp"
#include "host/store_writer.hpp"
#include "store/row_codec.hpp"

namespace sluice::host {

namespace {

using origin_name = std::pair<std::string, std::string>;  // pipeline, entry

constexpr int rows_at_once = 2'000;
// Older than anything that is asked for from now on, by any clock that is off by less than this.
constexpr std::int64_t long_ago_us = 3'600'000'000;

std::filesystem::path make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-plan-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw engine::failure(engine::failure_class::invalid, "SLU-6051",
                          "cannot make a folder for the plan in " +
                              std::filesystem::temp_directory_path().string() + ": " + std::strerror(errno) +
                              "; set TMPDIR to a folder with room for the tenant's rows");
  }
  return pattern;
}

engine::stream_rows as_rows(const stream_schema& schema, batch_builder& made,
                            std::vector<engine::hash128> hashes) {
  engine::stream_rows out;
  out.schema = &schema;
  out.rows = made.finish();
  out.hashes = std::move(hashes);
  return out;
}

// Parents before children, so that hardly a row has to wait for another.
std::vector<stream_schema> parents_first(std::vector<stream_schema> streams) {
  std::vector<stream_schema> out;
  const auto waits = [&](const stream_schema& s) {
    return std::any_of(s.references.begin(), s.references.end(), [&](const reference& r) {
      return r.to != s.name && std::any_of(streams.begin(), streams.end(),
                                           [&](const stream_schema& other) { return other.name == r.to; });
    });
  };
  while (!streams.empty()) {
    auto next =
        std::find_if(streams.begin(), streams.end(), [&](const stream_schema& s) { return !waits(s); });
    if (next == streams.end()) next = streams.begin();  // they refer to each other: some rows wait
    out.push_back(std::move(*next));
    streams.erase(next);
  }
  return out;
}

}  // namespace

class overlay::copier {
 public:
  copier(overlay& to, store::store& from, std::string tenant)
      : to_(to),
        tenant_(std::move(tenant)),
        source_(from.open_session()),
        target_(to.store_->open_session()),
        base_us_(target_->now_us() - long_ago_us) {}

  void copy() {
    streams_ = parents_first(source_->inspect().streams());
    for (const stream_schema& s : streams_) tombstones_ += copy_rows(s, false);
    resolve();
    if (tombstones_ > 0) {
      for (const stream_schema& s : streams_) copy_rows(s, true);
    }
    copy_deferred();
    for (auto& [pipeline, w] : writers_) {
      w->end();
      w->finish();
    }
  }

 private:
  void resolve() {
    for (bool more = !writers_.empty(); more;) {
      const auto done = writers_.begin()->second->resolve(rows_at_once);
      for (const auto& [stream, counts] : done.streams) to_.copied_[stream] += counts.resolved_inserted;
      more = done.more;
    }
  }

  store_writer& writer_of(const std::string& pipeline) {
    auto& w = writers_[pipeline];
    if (w == nullptr) {
      w = std::make_unique<store_writer>(*target_, tenant_, pipeline);
      w->begin("copy");
    }
    return *w;
  }

  // All rows, as if they were live; or the deletes of those that are not. How many tombstones were met.
  std::int64_t copy_rows(const stream_schema& schema, bool deletes) {
    std::int64_t tombstones = 0;
    engine::scan_request q;
    q.tenant = tenant_;
    q.stream = schema.name;
    q.limit = rows_at_once;
    for (bool more = true; more;) {
      engine::stored_page page = source_->inspect().scan(q);
      std::map<origin_name, std::vector<std::size_t>> by_origin;
      for (std::size_t i = 0; i < page.about.size(); ++i) {
        const engine::stored_info& row = page.about[i];
        tombstones += row.deleted ? 1 : 0;
        if (!deletes || row.deleted) by_origin[{row.pipeline, row.entry}].push_back(i);
      }
      for (const auto& [origin, rows] : by_origin) put(schema, page, origin, rows, deletes);
      more = page.more;
      if (more) q.after = page.about.back().key;
    }
    return tombstones;
  }

  // The usual page: all of it from one origin, and none of it to be built anew.
  void put_whole(const stream_schema& schema, engine::stored_page& from, const origin_name& origin) {
    engine::stream_rows rows;
    rows.schema = &schema;
    rows.rows = std::move(from.rows);
    for (const engine::stored_info& row : from.about) rows.hashes.push_back(row.hash);
    commit(origin, std::move(rows), 0);
  }

  void put(const stream_schema& schema, engine::stored_page& from, const origin_name& origin,
           const std::vector<std::size_t>& which, bool deletes) {
    if (!deletes && which.size() == from.about.size()) return put_whole(schema, from, origin);
    const auto layout = wire_layout(schema);
    const batch_view view(from.rows.get());
    batch_builder rows(layout);
    std::vector<engine::hash128> hashes;
    for (const std::size_t i : which) {
      if (deletes) rows.boolean(static_cast<std::size_t>(column_index(layout, deleted_column)), true);
      store::decode_row(store::encode_row(view, layout, static_cast<std::int64_t>(i)), layout, rows);
      hashes.push_back(from.about[i].hash);
      if (deletes) hashes.back().lo = ~hashes.back().lo;
    }
    commit(origin, as_rows(schema, rows, std::move(hashes)), deletes ? 1 : 0);
  }

  // `later` orders what is written about one row.
  void commit(const origin_name& origin, engine::stream_rows rows, std::int64_t later) {
    const std::int64_t n = rows.rows.get().length;
    const std::string stream = rows.schema->name;
    engine::page page;
    page.records = {n, n, 0, 0};
    page.requested_at_us = base_us_ + later;
    page.streams.push_back(std::move(rows));
    const auto result = writer_of(origin.first).put(origin.second, std::move(page));
    for (const auto& [name, counts] : result.pages.at(0).streams) {
      to_.copied_[name] += counts.inserted;
      to_.left_behind_ += counts.rejected;
    }
  }

  void copy_deferred() {
    std::string stream, key;
    for (;;) {
      const auto waiting = source_->inspect().deferred(tenant_, stream, key, rows_at_once);
      for (const engine::waiting_row& w : waiting) put_deferred(w);
      if (waiting.size() < rows_at_once) return;
      stream = waiting.back().stream;
      key = waiting.back().key;
    }
  }

  void put_deferred(const engine::waiting_row& w) {
    const auto schema = std::find_if(streams_.begin(), streams_.end(),
                                     [&](const stream_schema& s) { return s.name == w.stream; });
    if (schema == streams_.end()) return;
    const auto layout = wire_layout(*schema);
    batch_builder rows(layout);
    store::decode_row(w.payload, layout, rows);
    auto made = as_rows(*schema, rows, {});
    made.hashes = engine::hash_rows(batch_view(made.rows.get()), layout);
    commit({w.pipeline, w.entry}, std::move(made), 2);
  }

  overlay& to_;
  std::string tenant_;
  std::unique_ptr<engine::session> source_, target_;
  std::int64_t base_us_, tombstones_ = 0;
  std::vector<stream_schema> streams_;
  std::map<std::string, std::unique_ptr<store_writer>> writers_;
};

overlay::overlay() : folder_(make_folder()) {
  store::store_options options;
  options.uses = "sqlite";
  options.path = folder_ / "plan.db";
  store_ = store::open_store(options);
  store_->migrate();
}

overlay::~overlay() {
  store_.reset();
  std::error_code ignored;  // what is left of a temporary folder harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

void overlay::copy_tenant(store::store& from, const std::string& tenant) {
  const auto claims = from.describe().streams;
  const auto streams = from.open_session()->inspect().streams();
  for (const stream_schema& s : streams) {
    const auto claim = std::find_if(claims.begin(), claims.end(),
                                    [&](const store::stream_description& d) { return d.name == s.name; });
    if (claim != claims.end()) store_->ensure_streams(claim->plugin, claim->plugin_version, {s});
  }
  copier(*this, from, tenant).copy();
}

void overlay::remember(const std::string& tenant, const std::string& pipeline, const std::string& scope,
                       const std::vector<stage_memory>& stages) {
  const auto session = store_->open_session();
  store_writer w(*session, tenant, pipeline, scope);
  for (const stage_memory& m : stages) {
    w.begin(m.stage);
    engine::page page;
    page.records = {m.records, m.records, 0, 0};
    page.requested_at_us = session->now_us() - long_ago_us;
    w.put("", std::move(page));
    w.end();
  }
  w.finish();
}

std::int64_t overlay::copied(const std::string& stream) const {
  const auto at = copied_.find(stream);
  return at == copied_.end() ? 0 : at->second;
}

}  // namespace sluice::host
