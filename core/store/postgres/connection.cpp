#include "store/postgres/connection.hpp"

#include <charconv>
#include <unordered_map>
#include <utility>

#include <libpq-fe.h>
#include <pqxx/pqxx>

#include "store/errors.hpp"
#include "store/postgres/copy.hpp"
#include "store/postgres/errors.hpp"
#include "store/postgres/setup.hpp"

namespace sluice::store::postgres {

namespace {

// Keeps the libpq handle, which binary COPY needs, and connects once only: a silent reconnect would
// lose the session's settings and prepared statements.
class once_policy : public pqxx::connectionpolicy {
 public:
  using connectionpolicy::connectionpolicy;
  handle do_startconnect(handle original) override {
    if (original != nullptr) return original;
    if (connected_) throw pqxx::broken_connection("the connection was closed");
    handle_ = normalconnect(nullptr);
    if (PQstatus(handle_) != CONNECTION_OK) {
      const std::string why = handle_ != nullptr ? PQerrorMessage(handle_) : "out of memory";
      do_disconnect(std::exchange(handle_, nullptr));
      throw pqxx::broken_connection(why);
    }
    connected_ = true;
    return handle_;
  }
  [[nodiscard]] PGconn* raw() const noexcept { return handle_; }

 private:
  handle handle_ = nullptr;
  bool connected_ = false;
};

class raw_connection : public pqxx::connection_base {
 public:
  explicit raw_connection(const std::string& options) : connection_base(policy_), policy_(options) { init(); }
  ~raw_connection() noexcept { close(); }
  [[nodiscard]] PGconn* raw() const noexcept { return policy_.raw(); }

 private:
  once_policy policy_;
};

[[noreturn]] void raise_sql(const pqxx::sql_error& e, const std::string& where) {
  if (e.sqlstate().empty()) throw connection_lost(e.what(), where);
  throw from_sqlstate(e.sqlstate(), e.what(), where);
}

// Runs `work`, and translates what libpqxx throws.
template <class F>
auto translated(const raw_connection& c, const std::string& where, F&& work) {
  try {
    return work();
  } catch (const pqxx::broken_connection& e) {
    throw connection_lost(e.what(), where);
  } catch (const pqxx::sql_error& e) {
    raise_sql(e, where);
  } catch (const pqxx::failure& e) {
    if (!c.is_open()) throw connection_lost(e.what(), where);
    throw engine::failure(engine::failure_class::internal, code::internal,
                          std::string("PostgreSQL: ") + e.what());
  }
}

std::vector<pqxx::binarystring> binary(const parameters& values) {
  std::vector<pqxx::binarystring> out;
  out.reserve(values.size());
  for (const std::string& v : values) out.emplace_back(v.data(), v.size());
  return out;
}

}  // namespace

struct rows::impl {
  pqxx::result result;
  [[nodiscard]] pqxx::field at(std::size_t row, int column) const {
    return result[static_cast<pqxx::result::size_type>(row)][column];
  }
};

rows::rows() : impl_(std::make_unique<impl>()) {}
rows::rows(rows&&) noexcept = default;
rows& rows::operator=(rows&&) noexcept = default;
rows::~rows() = default;
std::size_t rows::size() const noexcept { return static_cast<std::size_t>(impl_->result.size()); }
std::int64_t rows::affected() const noexcept {
  return static_cast<std::int64_t>(impl_->result.affected_rows());
}
bool rows::is_null(std::size_t row, int column) const noexcept { return impl_->at(row, column).is_null(); }
bool rows::boolean(std::size_t row, int column) const noexcept { return text(row, column) == "t"; }

std::string_view rows::text(std::size_t row, int column) const noexcept {
  const pqxx::field f = impl_->at(row, column);
  return {f.c_str(), f.size()};
}

std::int64_t rows::number(std::size_t row, int column) const {
  const std::string_view digits = text(row, column);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    if (digits.empty()) return 0;
    throw engine::failure(engine::failure_class::internal, code::internal,
                          "PostgreSQL: not a whole number: `" + std::string(digits) + "`");
  }
  return out;
}

struct connection::impl {
  std::unique_ptr<raw_connection> raw;
  std::unordered_map<std::string, std::string> prepared;  // text → name
  pqxx::work* open = nullptr;

  // A statement outside of a transaction gets one of its own.
  template <class F>
  auto run(const std::string& where, F&& work) {
    return translated(*raw, where, [&] {
      if (open != nullptr) return work(*open);
      pqxx::work own(*raw);
      auto out = work(own);
      own.commit();
      return out;
    });
  }
};

connection::connection(const std::string& dsn) : impl_(std::make_unique<impl>()) {
  connect(dsn);
  execute(session_settings());
  check_server(*this);
}

connection::~connection() = default;

void connection::connect(const std::string& dsn) {
  const std::string options = complete_dsn(dsn);
  try {
    impl_->raw = std::make_unique<raw_connection>(options);
  } catch (const pqxx::failure& e) {
    throw not_connected(e.what());
  }
  // Notices such as "table exists, skipping" are no news; errors come as exceptions.
  PQsetNoticeProcessor(
      impl_->raw->raw(), [](void*, const char*) {}, nullptr);
}

bool connection::usable() const noexcept {
  return impl_->raw->is_open() && PQstatus(impl_->raw->raw()) == CONNECTION_OK;
}

std::string connection::quote_name(std::string_view name) const {
  return impl_->raw->quote_name(std::string(name));
}

rows connection::execute(const std::string& sql) {
  rows out;
  out.impl_->result = impl_->run(sql, [&](pqxx::work& w) { return w.exec(sql); });
  return out;
}

rows connection::query(const std::string& sql, const parameters& values) {
  auto [at, added] = impl_->prepared.try_emplace(sql, "s" + std::to_string(impl_->prepared.size()));
  const std::string& name = at->second;
  if (added) translated(*impl_->raw, sql, [&] { impl_->raw->prepare(name, sql); });
  rows out;
  const auto encoded = binary(values);
  out.impl_->result = impl_->run(
      sql, [&](pqxx::work& w) { return w.exec_prepared(name, pqxx::prepare::make_dynamic_params(encoded)); });
  return out;
}

rows connection::query_once(const std::string& sql, const parameters& values) {
  rows out;
  const auto encoded = binary(values);
  out.impl_->result = impl_->run(
      sql, [&](pqxx::work& w) { return w.exec_params(sql, pqxx::prepare::make_dynamic_params(encoded)); });
  return out;
}

std::int64_t connection::copy(const std::string& sql, std::string_view tuples) {
  return copy_in(impl_->raw->raw(), sql, tuples);
}

struct transaction::impl {
  explicit impl(raw_connection& c) : work(c) {}
  pqxx::work work;
};

transaction::transaction(connection& c) : connection_(c) {
  raw_connection& raw = *c.impl_->raw;
  impl_ = translated(raw, "BEGIN", [&] { return std::make_unique<impl>(raw); });
  c.impl_->open = &impl_->work;
}

transaction::~transaction() { connection_.impl_->open = nullptr; }

void transaction::commit() {
  const raw_connection& raw = *connection_.impl_->raw;
  try {
    impl_->work.commit();
  } catch (const pqxx::in_doubt_error& e) {
    throw commit_in_doubt(e.what());
  } catch (const pqxx::broken_connection& e) {
    throw commit_in_doubt(e.what());
  } catch (const pqxx::sql_error& e) {
    if (!raw.is_open() || e.sqlstate().empty() || e.sqlstate().starts_with("57P"))
      throw commit_in_doubt(e.what());
    throw from_sqlstate(e.sqlstate(), e.what(), "COMMIT");
  } catch (const pqxx::failure& e) {
    throw commit_in_doubt(e.what());
  }
}

}  // namespace sluice::store::postgres
