#include "store/postgres/open.hpp"

#include <algorithm>

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
  explicit postgres_store(const store_options& options) : options_(options), connection_(options.dsn) {}

  migration_result migrate() override { return postgres::migrate(db()); }
  void check_version() override;
  std::vector<std::string> ensure_streams(const std::string& plugin, const std::string& plugin_version,
                                          const std::vector<stream_schema>& streams) override;
  std::unique_ptr<engine::session> open_session() override {
    return std::make_unique<postgres_session>(options_.dsn, options_.schema);
  }
  store_description describe() override;
  int writers() const override { return std::max(1, options_.pool); }

 private:
  connection& db();
  void ensure_stream(const std::string& plugin, const std::string& version, const stream_schema& s,
                     std::vector<std::string>& lines);

  store_options options_;
  std::optional<connection> connection_;
};

connection& postgres_store::db() {
  if (!connection_ || !connection_->usable()) connection_.emplace(options_.dsn);
  return *connection_;
}

void postgres_store::check_version() {
  const int found = found_version(db());
  const std::string text =
      "PostgreSQL: schema " + std::to_string(found) + ", need " + std::to_string(schema_version) + ": ";
  if (found < schema_version) throw invalid(code::schema_old, text + "run `sluice migrate`");
  if (found > schema_version) throw invalid(code::schema_new, text + "use a newer sluice");
}

std::vector<std::string> postgres_store::ensure_streams(const std::string& plugin,
                                                        const std::string& plugin_version,
                                                        const std::vector<stream_schema>& streams) {
  std::vector<std::string> lines;
  transaction t(db());
  // Others that make tables wait; those that read and write rows don't.
  db().execute("SET LOCAL lock_timeout = '60s'; LOCK TABLE sluice.streams IN SHARE ROW EXCLUSIVE MODE");
  for (const stream_schema& s : streams) ensure_stream(plugin, plugin_version, s, lines);
  t.commit();
  return lines;
}

void postgres_store::ensure_stream(const std::string& plugin, const std::string& version,
                                   const stream_schema& s, std::vector<std::string>& lines) {
  const rows known = db().query_once(
      "SELECT plugin, plugin_version, declaration FROM sluice.streams WHERE name = $1::text", {s.name});
  std::optional<stream_claim> claim;
  if (!known.empty()) {
    claim = stream_claim{std::string(known.text(0, 0)), std::string(known.text(0, 1)),
                         stream_from_json(known.text(0, 2))};
  }
  const stream_change change = diff_stream(claim, plugin, version, s);
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
  for (std::string& line : change.lines(s.name)) lines.push_back(std::move(line));
}

store_description postgres_store::describe() {
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

std::unique_ptr<store> open(const store_options& options) {
  return std::make_unique<postgres_store>(options);
}

}  // namespace sluice::store::postgres
