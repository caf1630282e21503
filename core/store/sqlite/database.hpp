// One connection to a SQLite file: statements that are prepared once, values bound by type, errors
// as engine::failure. sqlite3.h stays behind this header.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::store::sqlite {

using blob = std::basic_string_view<std::uint8_t>;

class statement {
 public:
  statement(sqlite3* db, std::string_view sql);
  statement(statement&& o) noexcept : stmt_(o.stmt_) { o.stmt_ = nullptr; }
  statement& operator=(statement&&) = delete;
  ~statement();

  // Texts and blobs are borrowed until reset(), or copied when `copy`.
  void bind(int at, std::int64_t v);
  void bind(int at, int v) { bind(at, static_cast<std::int64_t>(v)); }
  void bind(int at, bool v) { bind(at, static_cast<std::int64_t>(v)); }
  void bind(int at, double v);
  void bind(int at, std::string_view v, bool copy = false);
  void bind(int at, blob v, bool copy = false);
  void bind(int at, const char* v) = delete;  // would be taken for a bool
  void bind_null(int at);
  void bind(int at, const std::optional<std::int64_t>& v) { v ? bind(at, *v) : bind_null(at); }

  [[nodiscard]] bool step();  // false: done
  void run();                 // to its end, then reset
  void reset() noexcept;

  [[nodiscard]] bool is_null(int column) const noexcept;
  [[nodiscard]] std::int64_t number(int column) const noexcept;
  [[nodiscard]] double real(int column) const noexcept;
  [[nodiscard]] std::string_view text(int column) const noexcept;  // valid until the next step
  [[nodiscard]] blob bytes(int column) const noexcept;
  [[nodiscard]] std::string string(int column) const { return std::string(text(column)); }

 private:
  void check(int rc) const;
  sqlite3_stmt* stmt_ = nullptr;
};

// A statement in use: reset when it goes out of scope.
class cursor {
 public:
  explicit cursor(statement& s) : statement_(&s) {}
  cursor(cursor&& o) noexcept : statement_(o.statement_) { o.statement_ = nullptr; }
  cursor& operator=(cursor&&) = delete;
  ~cursor() {
    if (statement_ != nullptr) statement_->reset();
  }
  [[nodiscard]] bool next() { return statement_->step(); }
  [[nodiscard]] const statement* operator->() const noexcept { return statement_; }

 private:
  statement* statement_;
};

// Set for good when a disk has failed under a file: what it has acknowledged since can't be relied on, and
// to ask again for what has failed may get an answer that is not true. The next process checks the file.
using disk_state = std::atomic<bool>;
[[nodiscard]] std::shared_ptr<disk_state> disk_under(const std::string& path);

enum class access : std::uint8_t { read_only, read_write, create };

class database {
 public:
  database(const std::string& path, access how);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  void execute(const std::string& sql);  // any number of statements, without values
  void rollback() noexcept;              // nothing when SQLite has rolled back by itself, as on a full disk
  [[nodiscard]] statement prepare(std::string_view sql) { return {db_, sql}; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::int64_t last_id() const noexcept;
  [[nodiscard]] std::int64_t changes() const noexcept;  // rows that the last statement wrote

  // For texts that live as long as the program: they are prepared once and kept, by address.
  // query() copies its texts; run() borrows them, as it is over when it returns.
  template <class... Args>
  cursor query(const char* sql, const Args&... args) {
    statement& s = kept(sql);
    int at = 0;
    (bind_copy(s, ++at, args), ...);
    return cursor(s);
  }
  template <class... Args>
  void run(const char* sql, const Args&... args) {
    statement& s = kept(sql);
    const cursor guard(s);
    int at = 0;
    (s.bind(++at, args), ...);
    s.run();
  }

 private:
  template <class T>
  static void bind_copy(statement& s, int at, const T& v) {
    if constexpr (std::is_convertible_v<T, std::string_view> || std::is_same_v<T, blob>) s.bind(at, v, true);
    else s.bind(at, v);
  }
  [[nodiscard]] statement& kept(const char* sql);

  void make_durable();

  std::string path_;
  std::shared_ptr<disk_state> failed_;
  sqlite3* db_ = nullptr;
  std::unordered_map<const void*, statement> kept_;
};

}  // namespace sluice::store::sqlite
