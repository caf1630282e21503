#include "store/postgres/open.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "engine/failpoint.hpp"
#include "store/errors.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/migrations.hpp"
#include "store/postgres/session.hpp"
#include "store/postgres/tables.hpp"
#include "store/schema.hpp"

namespace sluice::store::postgres {

namespace {

class postgres_store final : public store {
 public:
  explicit postgres_store(const store_options& options)
      : options_(options), connection_(std::make_unique<connection>(options.dsn)) {}

  migration_result migrate() override {
    const std::lock_guard lock(mutex_);
    return postgres::migrate(db());
  }
  int version() override {
    const std::lock_guard lock(mutex_);
    return found_version(db());
  }
  void check_version() override;
  std::int64_t now_us() override {
    const std::lock_guard lock(mutex_);
    return db().query_once(std::string("SELECT ") + clock_us).number(0, 0);
  }
  std::vector<std::string> ensure_streams(const std::string& plugin, const std::string& plugin_version,
                                          const std::vector<stream_schema>& streams) override;
  std::unique_ptr<engine::session> open_session() override;
  store_description describe() override;
  int writers() const override { return std::max(1, options_.pool); }

 private:
  using claims = std::map<std::string, stream_claim>;  // by stream
  connection& db();
  [[nodiscard]] claims claims_on(const std::vector<stream_schema>& streams);
  void change_stream(const stream_change& change, const std::string& plugin, const std::string& version,
                     const stream_schema& s);

  store_options options_;
  std::mutex mutex_;
  std::unique_ptr<connection> connection_;  // for its owner's questions, until a session wants one
};

stream_change change_of(const std::map<std::string, stream_claim>& known, const std::string& plugin,
                        const std::string& version, const stream_schema& s) {
  const auto at = known.find(s.name);
  return diff_stream(at == known.end() ? std::nullopt : std::optional(at->second), plugin, version, s);
}

connection& postgres_store::db() {
  if (!connection_ || !connection_->usable()) {
    connection_.reset();
    connection_ = std::make_unique<connection>(options_.dsn);
  }
  return *connection_;
}

std::unique_ptr<engine::session> postgres_store::open_session() {
  std::unique_ptr<connection> ready;
  if (const std::unique_lock lock(mutex_, std::try_to_lock); lock.owns_lock()) ready = std::move(connection_);
  if (!ready || !ready->usable()) ready = std::make_unique<connection>(options_.dsn);
  return std::make_unique<postgres_session>(options_.dsn, options_.schema, std::move(ready));
}

void postgres_store::check_version() {
  const int found = version();
  const std::string text =
      "PostgreSQL: schema " + std::to_string(found) + ", need " + std::to_string(schema_version) + ": ";
  if (found < schema_version) throw invalid(code::schema_old, text + "run `sluice migrate`");
  if (found > schema_version) throw invalid(code::schema_new, text + "use a newer sluice");
}

std::vector<std::string> postgres_store::ensure_streams(const std::string& plugin,
                                                        const std::string& plugin_version,
                                                        const std::vector<stream_schema>& streams) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  // Nearly always all is as it should be: then nobody is kept waiting.
  const auto nothing_to_do = [&](const claims& known, const stream_schema& s) {
    const stream_change c = change_of(known, plugin, plugin_version, s);
    return !c.create && !c.rewrite_claim && c.add.empty() && c.add_indexes.empty();
  };
  const claims seen = claims_on(streams);
  if (std::all_of(streams.begin(), streams.end(), [&](const auto& s) { return nothing_to_do(seen, s); }))
    return lines;
  transaction t(db());
  // Others that make tables wait; those that read and write rows don't.
  db().execute("SET LOCAL lock_timeout = '60s'; LOCK TABLE sluice.streams IN SHARE ROW EXCLUSIVE MODE");
  const claims known = claims_on(streams);
  for (const stream_schema& s : streams) {
    const stream_change change = change_of(known, plugin, plugin_version, s);
    change_stream(change, plugin, plugin_version, s);
    for (std::string& line : change.lines(s.name)) lines.push_back(std::move(line));
  }
  SLUICE_FAILPOINT("streams.before_commit");
  t.commit();
  SLUICE_FAILPOINT("streams.after_commit");
  return lines;
}

postgres_store::claims postgres_store::claims_on(const std::vector<stream_schema>& streams) {
  std::vector<std::string> names;
  for (const stream_schema& s : streams) names.push_back(s.name);
  const rows known = db().query_once(
      "SELECT name, plugin, plugin_version, declaration FROM sluice.streams WHERE name = ANY ($1::text[])",
      {encode_texts(names)});
  claims out;
  for (std::size_t n = 0; n < known.size(); ++n) {
    out.emplace(known.text(n, 0), stream_claim{std::string(known.text(n, 1)), std::string(known.text(n, 2)),
                                               stream_from_json(known.text(n, 3))});
  }
  return out;
}

void postgres_store::change_stream(const stream_change& change, const std::string& plugin,
                                   const std::string& version, const stream_schema& s) {
  const stored_shape shape = shape_of(s);
  if (change.create) {
    const rows taken =
        db().query_once("SELECT to_regclass($1::text) IS NOT NULL", {qualified(options_.schema, s.name)});
    if (taken.boolean(0, 0)) {
      throw invalid(code::claimed,
                    "table `" + options_.schema + "." + s.name +
                        "` exists and is not sluice's: rename it, or set another `schema` for the store");
    }
    db().execute(create_sql(options_.schema, shape));
    for (const auto& index : shape.indexes) db().execute(index_sql(options_.schema, s.name, index));
  }
  for (const stored_column& c : change.add) db().execute(add_column_sql(options_.schema, s.name, c));
  for (const auto& index : change.add_indexes) db().execute(index_sql(options_.schema, s.name, index));
  if (change.rewrite_claim) {
    db().query_once(
        std::string("INSERT INTO sluice.streams VALUES ($1::text, $2::text, $3::text, $4::text, ") +
            clock_us +
            ") ON CONFLICT (name) DO UPDATE SET plugin = excluded.plugin, plugin_version = "
            "excluded.plugin_version, "
            "declaration = excluded.declaration, at_us = excluded.at_us",
        {s.name, plugin, version, to_json(s)});
  }
}

store_description postgres_store::describe() {
  const std::lock_guard lock(mutex_);
  store_description out;
  out.kind = "postgres";
  const rows server = db().query(
      "SELECT current_setting('server_version'), coalesce(host(inet_server_addr()), 'local socket'), "
      "current_database()");
  out.version = server.text(0, 0);
  out.location = std::string(server.text(0, 1)) + "/" + std::string(server.text(0, 2));
  out.schema = found_version(db());
  if (out.schema == 0) return out;
  const rows streams = db().query("SELECT name, plugin, plugin_version FROM sluice.streams ORDER BY name");
  for (std::size_t n = 0; n < streams.size(); ++n) {
    out.streams.push_back(
        {std::string(streams.text(n, 0)), std::string(streams.text(n, 1)), std::string(streams.text(n, 2))});
  }
  return out;
}

}  // namespace

// A role or a database that was right a moment ago may be right again; one that never was is not waited for.
std::unique_ptr<store> open(const store_options& options) {
  try {
    return std::make_unique<postgres_store>(options);
  } catch (const engine::failure& f) {
    if (f.code() != code::refused) throw;
    throw invalid(code::refused, f.message());
  }
}

}  // namespace sluice::store::postgres
