// Opening a SQLite store, its migrations, the tables of streams.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <mutex>

#include <sqlite3.h>

#include "engine/failpoint.hpp"
#include "store/embedded/session.hpp"
#include "store/errors.hpp"
#include "store/sqlite/lock.hpp"
#include "store/sqlite/migrations.hpp"
#include "store/sqlite/open.hpp"
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

namespace {

void quick_check(database& db) {
  auto c = db.query("PRAGMA quick_check(1)");
  const std::string found = c.next() ? c->string(0) : "no answer";
  if (found != "ok") {
    throw invalid(code::damaged, db.path() + " was not closed in order and is damaged: " + found +
                                     "; restore it from a backup");
  }
}

class sqlite_store final : public store {
 public:
  explicit sqlite_store(const store_options& options) : path_(options.path), read_only_(options.read_only) {
    if (path_.empty()) throw invalid(code::cannot_open, "a SQLite store needs a `path`");
    check_file(path_, !read_only_);
    if (read_only_) return;
    lock_.emplace(path_);
    if (!exists()) return;
    const bool suspect = closed_badly(path_);
    db_ = std::make_unique<database>(path_, access::read_write);
    if (suspect) quick_check(*db_);
  }

  migration_result migrate() override {
    const std::lock_guard lock(connection_mutex_);
    if (read_only_) throw invalid(code::read_only, path_ + " was opened for reading only");
    if (!db_) make_file();
    const int from = made_ ? 0 : schema_of(*db_);
    made_ = false;
    sqlite::migrate(*db_);
    return {from, schema_version};
  }

  void check_version() override {
    const std::lock_guard lock(connection_mutex_);
    require_version();
  }

  std::vector<std::string> ensure_streams(const std::string& plugin, const std::string& plugin_version,
                                          const std::vector<stream_schema>& streams) override;

  std::unique_ptr<engine::session> open_session() override {
    check_version();
    auto db = std::make_unique<database>(path_, read_only_ ? access::read_only : access::read_write);
    // One for all sessions: the instants of one run come from several.
    std::call_once(clock_set_, [&] { clock_.emplace(*db); });
    return std::make_unique<embedded::session>(std::make_unique<tables>(std::move(db), *clock_));
  }

  store_description describe() override;
  [[nodiscard]] int writers() const override { return 1; }

 private:
  [[nodiscard]] bool exists() const { return std::filesystem::exists(path_); }
  // What follows is for who holds the mutex.
  void require_version() {
    const int found = exists() ? schema_of(*connection()) : 0;
    if (found == schema_version) return;
    const std::string text =
        path_ + " has schema " + std::to_string(found) + ", need " + std::to_string(schema_version);
    if (found > schema_version) throw invalid(code::schema_new, text + ": upgrade sluice");
    throw invalid(code::schema_old, found == 0 ? path_ + " is not set up yet: run `sluice migrate`"
                                               : text + ": run `sluice migrate`");
  }
  // The store's own connection; a reader has one for each use, so that it never keeps a file open.
  std::shared_ptr<database> connection() {
    return read_only_ ? std::make_shared<database>(path_, access::read_only) : db_;
  }
  void make_file();
  std::optional<stream_claim> claim_of(const std::string& stream);
  void apply(const stream_change& change, const stream_schema& s);
  void claim(const std::string& plugin, const std::string& plugin_version, const stream_schema& s);

  std::string path_;
  bool read_only_ = false, made_ = false;
  std::optional<write_lock> lock_;
  std::once_flag clock_set_;
  std::optional<store_clock> clock_;
  std::mutex connection_mutex_;   // sessions are opened by any thread; a connection is for one at a time
  std::shared_ptr<database> db_;  // shared with connection()'s callers
};

// A new database appears under its name when it is whole: a crash leaves no empty file behind.
void sqlite_store::make_file() {
  const std::string fresh = path_ + ".new";
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(fresh + end);
  {
    database db(fresh, access::create);
    sqlite::migrate(db);
  }
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) {
    throw invalid(code::cannot_open, "cannot make " + path_ + ": " + std::strerror(errno));
  }
  db_ = std::make_shared<database>(path_, access::read_write);
  made_ = true;
}

std::optional<stream_claim> sqlite_store::claim_of(const std::string& stream) {
  auto c = db_->query("SELECT plugin, plugin_version, declaration FROM sluice_streams WHERE name=?", stream);
  if (c.next()) return stream_claim{c->string(0), c->string(1), stream_from_json(c->text(2))};
  if (db_->query("SELECT 1 FROM sqlite_schema WHERE name=?", stream).next()) {
    throw invalid(code::claimed, "table `" + stream + "` is in " + path_ +
                                     " already and was not made by sluice; rename it, or the stream");
  }
  return std::nullopt;
}

void sqlite_store::apply(const stream_change& change, const stream_schema& s) {
  const stored_shape shape = shape_of(s);
  if (change.create) {
    db_->execute(create_table_sql(shape));
    for (const auto& index : shape.indexes) db_->execute(create_index_sql(shape.table, index));
  }
  for (const stored_column& c : change.add) db_->execute(add_column_sql(shape.table, c));
  for (const auto& index : change.add_indexes) db_->execute(create_index_sql(shape.table, index));
}

void sqlite_store::claim(const std::string& plugin, const std::string& plugin_version,
                         const stream_schema& s) {
  db_->run(
      "INSERT INTO sluice_streams (name, plugin, plugin_version, declaration, at_us) VALUES (?, ?, ?, ?, "
      "unixepoch() * 1000000) "
      "ON CONFLICT DO UPDATE SET plugin_version=excluded.plugin_version, declaration=excluded.declaration, "
      "at_us=excluded.at_us",
      s.name, plugin, plugin_version, to_json(s));
}

std::vector<std::string> sqlite_store::ensure_streams(const std::string& plugin,
                                                      const std::string& plugin_version,
                                                      const std::vector<stream_schema>& streams) {
  const std::lock_guard lock(connection_mutex_);
  require_version();
  if (read_only_) throw invalid(code::read_only, path_ + " was opened for reading only");
  std::vector<std::string> lines;
  db_->execute("BEGIN IMMEDIATE");
  try {
    for (const stream_schema& s : streams) {
      const stream_change change = diff_stream(claim_of(s.name), plugin, plugin_version, s);
      apply(change, s);
      if (change.rewrite_claim) claim(plugin, plugin_version, s);
      for (std::string& line : change.lines(s.name)) lines.push_back(std::move(line));
    }
    SLUICE_FAILPOINT("streams.before_commit");
    db_->execute("COMMIT");
  } catch (...) {
    db_->rollback();
    throw;
  }
  SLUICE_FAILPOINT("streams.after_commit");
  return lines;
}

store_description sqlite_store::describe() {
  store_description out;
  out.kind = "sqlite";
  out.version = sqlite3_libversion();
  out.location = path_;
  if (!exists()) return out;
  const std::lock_guard lock(connection_mutex_);
  const auto db = connection();
  out.schema = schema_of(*db);
  if (out.schema == 0) return out;
  auto c = db->query("SELECT name, plugin, plugin_version FROM sluice_streams ORDER BY name");
  while (c.next()) out.streams.push_back({c->string(0), c->string(1), c->string(2)});
  return out;
}

}  // namespace

std::unique_ptr<store> open(const store_options& options) { return std::make_unique<sqlite_store>(options); }

}  // namespace sluice::store::sqlite
