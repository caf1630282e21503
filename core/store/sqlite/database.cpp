#include "store/sqlite/database.hpp"

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

#include <sqlite3.h>

#include "store/errors.hpp"

namespace sluice::store::sqlite {
namespace {
constexpr int busy_timeout_ms = 5'000;

constexpr int pages_before_checkpoint = 1'000;

std::string file_of(sqlite3* db) {
  const char* file = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
  return file == nullptr ? "" : file;
}

// An error of the disk which is not that there is no room on it.
bool disk_broke(sqlite3* db, int rc) {
  if ((rc & 0xff) != SQLITE_IOERR || rc == SQLITE_IOERR_NOMEM || db == nullptr) return false;
  const int why = sqlite3_system_errno(db);  // of the main file; 0 where it was the log
  return why != ENOSPC && why != EDQUOT && rc != SQLITE_IOERR_SHMSIZE;
}

engine::failure disk_failure(const std::string& text) {
  const bool said = text.find("disk I/O error") != std::string::npos;
  return internal(
      code::disk_failed,
      text + (said ? "" : ": disk I/O error") +
          ". The disk has failed: this process writes nothing more to the file, and the run stays "
          "open. Look at the disk first; the next start checks the file and goes on");
}

[[noreturn]] void fail_io(sqlite3* db, int rc, const std::string& text) {
  if (rc == SQLITE_IOERR_NOMEM) throw transient(code::busy, text + "; there is no memory left");
  if (rc == SQLITE_IOERR_SHORT_READ || rc == SQLITE_IOERR_CORRUPTFS)
    throw invalid(code::damaged, text + "; restore it from a backup");
  if (!disk_broke(db, rc))
    throw transient(code::disk_full, text + "; free some space, the run goes on by itself");
  disk_under(file_of(db))->store(true);
  const int why = sqlite3_system_errno(db);
  throw disk_failure(why == 0 ? text : text + " (" + std::strerror(why) + ")");
}

// Instead of SQLite's own, which keeps quiet about a disk that fails.
int checkpoint(void*, sqlite3* db, const char* schema, int pages) {
  if (pages < pages_before_checkpoint) return SQLITE_OK;
  const int rc = sqlite3_wal_checkpoint_v2(db, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (disk_broke(db, rc)) disk_under(file_of(db))->store(true);
  return SQLITE_OK;  // the commit itself has happened
}

[[noreturn]] void fail(sqlite3* db, int rc, const std::string& doing) {
  const std::string file = file_of(db);
  const std::string where = file.empty() ? "SQLite" : "SQLite file " + file;
  const std::string why = db == nullptr ? sqlite3_errstr(rc) : sqlite3_errmsg(db);
  const std::string text = where + ": " + doing + ": " + why;
  switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: throw transient(code::busy, text + "; another process works on it, try again");
    case SQLITE_FULL: throw transient(code::disk_full, text + "; free some space, the run goes on by itself");
    case SQLITE_IOERR: fail_io(db, rc, text);
    case SQLITE_READONLY: throw invalid(code::read_only, text + "; make the file and its folder writable");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: throw invalid(code::damaged, text + "; restore it from a backup");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH: throw invalid(code::cannot_open, text + "; check the path and its rights");
    default: throw internal(code::internal, text + " (code " + std::to_string(rc) + ")");
  }
}
}  // namespace

std::shared_ptr<disk_state> disk_under(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<disk_state>> all;
  const std::lock_guard lock(mutex);
  auto& one = all[path];
  if (!one) one = std::make_shared<disk_state>(false);
  return one;
}

statement::statement(sqlite3* db, std::string_view sql) {
  const int rc = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                    &stmt_, nullptr);
  if (rc != SQLITE_OK) fail(db, rc, "preparing `" + std::string(sql) + "`");
}
statement::~statement() { sqlite3_finalize(stmt_); }

void statement::check(int rc) const {
  if (rc != SQLITE_OK) fail(sqlite3_db_handle(stmt_), rc, "binding a value");
}
void statement::bind(int at, std::int64_t v) { check(sqlite3_bind_int64(stmt_, at, v)); }
void statement::bind(int at, double v) { check(sqlite3_bind_double(stmt_, at, v)); }
void statement::bind_null(int at) { check(sqlite3_bind_null(stmt_, at)); }
void statement::bind(int at, std::string_view v, bool copy) {
  // An empty view may have no address, which SQLite would take for NULL.
  const char* data = v.data() == nullptr ? "" : v.data();
  check(sqlite3_bind_text64(stmt_, at, data, v.size(), copy ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8));
}
void statement::bind(int at, blob v, bool copy) {
  check(sqlite3_bind_blob64(stmt_, at, v.data(), v.size(), copy ? SQLITE_TRANSIENT : SQLITE_STATIC));
}

bool statement::step() {
  const int rc = sqlite3_step(stmt_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(stmt_), rc, std::string("`") + sqlite3_sql(stmt_) + "`");
}
void statement::run() {
  while (step()) {
  }
  reset();
}
// What reset() returns repeats the error of the last step, which has been thrown already.
void statement::reset() noexcept { sqlite3_reset(stmt_); }

bool statement::is_null(int column) const noexcept {
  return sqlite3_column_type(stmt_, column) == SQLITE_NULL;
}
std::int64_t statement::number(int column) const noexcept { return sqlite3_column_int64(stmt_, column); }
double statement::real(int column) const noexcept { return sqlite3_column_double(stmt_, column); }
std::string_view statement::text(int column) const noexcept {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
}
blob statement::bytes(int column) const noexcept {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(stmt_, column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
}

database::database(const std::string& path, access how) : path_(path) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= how == access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (how == access::create) flags |= SQLITE_OPEN_CREATE;
  const int rc = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
  try {
    if (rc != SQLITE_OK) fail(db_, rc, "opening " + path);
    sqlite3_busy_timeout(db_, busy_timeout_ms);
    // Double-quoted words are names, never texts: a misspelt column must be an error.
    sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    failed_ = disk_under(file_of(db_));
    if (how != access::read_only) make_durable();
    execute("PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY");
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

// Believed when it is read back: a file system may not be able to do it.
void database::make_durable() {
  execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  statement mode = prepare("PRAGMA journal_mode"), sync = prepare("PRAGMA synchronous");
  if (!mode.step() || !sync.step() || mode.text(0) != "wal" || sync.number(0) < 2) {
    throw invalid(code::unsafe, "SQLite file " + path_ +
                                    ": its file system can't keep a write-ahead log; "
                                    "put the file on a local disk");
  }
  sqlite3_wal_hook(db_, checkpoint, nullptr);
}

database::~database() {
  kept_.clear();
  // Closing would copy the log into the file, and remove it: the next process needs it for its check.
  if (failed_ && failed_->load()) sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_close(db_);
}

void database::execute(const std::string& sql) {
  if (failed_ && failed_->load())
    throw disk_failure("SQLite file " + path_ + ": `" + sql.substr(0, 80) + "`");
  const int rc = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) fail(db_, rc, "`" + sql.substr(0, 80) + "`");
}

void database::rollback() noexcept {
  if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

std::int64_t database::last_id() const noexcept { return sqlite3_last_insert_rowid(db_); }
std::int64_t database::changes() const noexcept { return sqlite3_changes64(db_); }

statement& database::kept(const char* sql) {
  const auto at = kept_.find(sql);
  if (at != kept_.end()) return at->second;
  return kept_.emplace(sql, statement(db_, sql)).first->second;
}
}  // namespace sluice::store::sqlite
