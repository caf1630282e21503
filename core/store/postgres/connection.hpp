// One connection to PostgreSQL: statements with binary parameters, several in one round trip, binary COPY,
// transactions. libpqxx and libpq stay behind this header. Failures are engine::failure; server errors that a caller
// may want to look at (a taken key, a value that the server refuses) are sql_failure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/failure.hpp"

namespace sluice::store::postgres {

// A server error with its SQLSTATE.
class sql_failure : public engine::failure {
 public:
  sql_failure(engine::failure_class c, std::string code, std::string message, std::string state,
              std::string detail)
      : failure(c, std::move(code), std::move(message)),
        state_(std::move(state)),
        detail_(std::move(detail)) {}
  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }  // the server's own words
  [[nodiscard]] bool key_taken() const noexcept { return state_ == "23505"; }
  // The server refused a value: bad encoding, out of range, a broken check.
  [[nodiscard]] bool bad_value() const noexcept {
    return state_.starts_with("22") || (state_.starts_with("23") && !key_taken()) || state_ == "54000";
  }

 private:
  std::string state_, detail_;
};

// What a statement gave back, values as text.
class rows {
 public:
  rows();
  rows(rows&&) noexcept;
  rows& operator=(rows&&) noexcept;
  ~rows();
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::int64_t affected() const noexcept;
  [[nodiscard]] bool is_null(std::size_t row, int column) const noexcept;
  [[nodiscard]] std::string_view text(std::size_t row, int column) const noexcept;  // "" for null
  [[nodiscard]] std::int64_t number(std::size_t row, int column) const;             // 0 for null
  [[nodiscard]] bool boolean(std::size_t row, int column) const noexcept;

 private:
  friend class connection;
  struct impl;
  std::unique_ptr<impl> impl_;
};

// A value in PostgreSQL's binary format, as encode.hpp makes them. Statements cast every parameter.
using parameters = std::vector<std::string>;
struct question;

// The text must live until it has been asked.
struct statement {
  std::string_view sql;
  parameters values;
};

class connection {
 public:
  // Connects, sets the session up and checks the server (version, encoding, durability).
  explicit connection(const std::string& dsn);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  [[nodiscard]] bool usable() const noexcept;
  [[nodiscard]] bool in_transaction() const noexcept;
  // A pooler such as PgBouncer stands between us and the server.
  [[nodiscard]] bool pooled() const noexcept;

  // Statements without parameters; several may be joined by semicolons.
  rows execute(const std::string& sql);
  // Prepared for the connection when it is asked again: for statements whose text is always the same.
  rows query(const std::string& sql, const parameters& values = {});
  rows query(const statement& one);
  // The same for several in one round trip, in their order; none may need the answer to another. The first that
  // fails is thrown, and those after it were not run. Outside of a transaction they are one of their own.
  std::vector<rows> query_all(const std::vector<statement>& all);
  // Planned for these very values: for statements whose best plan depends on them.
  rows query_once(const std::string& sql, const parameters& values = {});
  // COPY ... FROM STDIN BINARY with a body that `next` makes piece by piece (copy.hpp, encode.hpp). How many
  // rows were taken.
  std::int64_t copy(const std::string& sql, const std::function<bool(std::string&)>& next);

  [[nodiscard]] std::string quote_name(std::string_view name) const;

 private:
  friend class transaction;
  struct impl;
  void connect(const std::string& dsn);
  std::vector<rows> run(const std::vector<question>& all, bool named);
  std::unique_ptr<impl> impl_;
};

// BEGIN ... COMMIT; rolls back when it goes out of scope before commit(). BEGIN goes with the first statement.
class transaction {
 public:
  explicit transaction(connection&);
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  // in_doubt when the connection dies while the server may already have committed. `last` goes with it in one round
  // trip, as query_all has it; their answers.
  std::vector<rows> commit(const std::vector<statement>& last = {});

 private:
  connection& connection_;
};

}  // namespace sluice::store::postgres
