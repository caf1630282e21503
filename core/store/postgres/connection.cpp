#include "store/postgres/connection.hpp"

#include <charconv>
#include <chrono>
#include <unordered_map>
#include <utility>

#include <libpq-fe.h>
#include <pqxx/pqxx>

#include "store/errors.hpp"
#include "store/postgres/copy.hpp"
#include "store/postgres/errors.hpp"
#include "store/postgres/setup.hpp"
#include "store/postgres/watchdog.hpp"

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

// The server is there and of no use any more: it stops, or has become one that only reads. Another
// connection may lead to another server.
bool ends_connection(std::string_view state) {
  return state == "25006" || state.starts_with("57P") || state.starts_with("08");
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
  std::unordered_map<std::string, std::string> prepared;  // text → name; empty: was used once
  int names = 0;
  pqxx::work* open = nullptr;
  std::unique_ptr<watched_socket> socket;
  std::chrono::milliseconds limit{75'000};  // of one call; the server's own comes first
  bool unhurried = false;                   // the open transaction has a limit of its own
  bool spent = false, pooled = false;

  [[nodiscard]] timed_call timed() {
    return {*socket, unhurried ? std::chrono::milliseconds::zero() : limit};
  }

  [[nodiscard]] std::string why_lost(const char* what) const {
    if (!socket->cut()) return what;
    return "the server has not answered for " + std::to_string(limit.count() / 1000) + " s";
  }

  [[noreturn]] void raise(const pqxx::sql_error& e, const std::string& where) {
    spent = spent || ends_connection(e.sqlstate());
    if (e.sqlstate().empty()) throw connection_lost(why_lost(e.what()), where);
    throw from_sqlstate(e.sqlstate(), e.what(), where);
  }

  // Runs `work`, and translates what libpqxx throws.
  template <class F>
  auto translated(const std::string& where, F&& work) {
    const timed_call call = timed();
    try {
      return work();
    } catch (const pqxx::broken_connection& e) {
      throw connection_lost(why_lost(e.what()), where);
    } catch (const pqxx::sql_error& e) {
      raise(e, where);
    } catch (const pqxx::transaction_rollback& e) {
      // Deadlocks and the like are no sql_error to libpqxx 6, and have lost their SQLSTATE.
      const bool deadlock = dynamic_cast<const pqxx::deadlock_detected*>(&e) != nullptr;
      throw from_sqlstate(deadlock ? "40P01" : "40001", e.what(), where);
    } catch (const pqxx::failure& e) {
      if (!raw->is_open()) throw connection_lost(why_lost(e.what()), where);
      throw engine::failure(engine::failure_class::internal, code::internal,
                            std::string("PostgreSQL: ") + e.what());
    }
  }

  // Behind a pooler each transaction may meet another server session: nothing outlives it.
  void begin(pqxx::work& w) const {
    if (pooled) w.exec(transaction_settings());
  }

  // A statement outside of a transaction is one of its own, as the server sees it too.
  template <class F>
  auto run(const std::string& where, F&& work) {
    return translated(where, [&] {
      if (open != nullptr) return work(static_cast<pqxx::transaction_base&>(*open));
      if (!pooled) {
        pqxx::nontransaction own(*raw);
        return work(static_cast<pqxx::transaction_base&>(own));
      }
      pqxx::work own(*raw);
      begin(own);
      auto out = work(static_cast<pqxx::transaction_base&>(own));
      own.commit();
      return out;
    });
  }
};

connection::connection(const std::string& dsn) : impl_(std::make_unique<impl>()) {
  connect(dsn);
  const timed_call call = impl_->timed();
  const session_facts facts = set_up(impl_->raw->raw());
  impl_->pooled = facts.pooled;
  impl_->limit = facts.limit;
}

connection::~connection() = default;

void connection::connect(const std::string& dsn) {
  const std::string options = complete_dsn(dsn);
  try {
    impl_->raw = std::make_unique<raw_connection>(options);
  } catch (const pqxx::failure& e) {
    throw not_connected(e.what());
  }
  impl_->socket = std::make_unique<watched_socket>(PQsocket(impl_->raw->raw()));
  // Notices such as "table exists, skipping" are no news; errors come as exceptions.
  PQsetNoticeProcessor(
      impl_->raw->raw(), [](void*, const char*) {}, nullptr);
}

bool connection::usable() const noexcept {
  return !impl_->spent && impl_->raw->is_open() && PQstatus(impl_->raw->raw()) == CONNECTION_OK;
}

bool connection::in_transaction() const noexcept { return impl_->open != nullptr; }

bool connection::pooled() const noexcept { return impl_->pooled; }

std::string connection::quote_name(std::string_view name) const {
  return impl_->raw->quote_name(std::string(name));
}

rows connection::execute(const std::string& sql) {
  rows out;
  if (impl_->open != nullptr && sets_time_limit(sql)) impl_->unhurried = true;
  out.impl_->result = impl_->run(sql, [&](pqxx::transaction_base& w) { return w.exec(sql); });
  return out;
}

rows connection::query(const std::string& sql, const parameters& values) {
  if (impl_->pooled) return query_once(sql, values);
  const auto [at, first] = impl_->prepared.try_emplace(sql);
  // To prepare is a round trip of its own: not worth it for what a short run asks once.
  if (first) return query_once(sql, values);
  std::string& name = at->second;
  if (name.empty()) {
    const std::string given = "s" + std::to_string(++impl_->names);
    impl_->translated(sql, [&] { impl_->raw->prepare(given, sql); });
    name = given;
  }
  rows out;
  const auto encoded = binary(values);
  out.impl_->result = impl_->run(sql, [&](pqxx::transaction_base& w) {
    return w.exec_prepared(name, pqxx::prepare::make_dynamic_params(encoded));
  });
  return out;
}

rows connection::query_once(const std::string& sql, const parameters& values) {
  rows out;
  const auto encoded = binary(values);
  out.impl_->result = impl_->run(sql, [&](pqxx::transaction_base& w) {
    return w.exec_params(sql, pqxx::prepare::make_dynamic_params(encoded));
  });
  return out;
}

std::int64_t connection::copy(const std::string& sql, const std::function<bool(std::string&)>& next) {
  const timed_call call = impl_->timed();
  return copy_in(impl_->raw->raw(), sql, next);
}

struct transaction::impl {
  explicit impl(raw_connection& c) : work(c) {}
  pqxx::work work;
};

transaction::transaction(connection& c) : connection_(c) {
  connection::impl& over = *c.impl_;
  impl_ = over.translated("BEGIN", [&] {
    auto begun = std::make_unique<impl>(*over.raw);
    over.begin(begun->work);
    return begun;
  });
  over.open = &impl_->work;
}

transaction::~transaction() {
  connection::impl& over = *connection_.impl_;
  {
    const timed_call call = over.timed();
    impl_.reset();
  }
  over.open = nullptr;
  over.unhurried = false;
}

// Only a server that still answers can say that it has not committed.
void transaction::commit() {
  connection::impl& over = *connection_.impl_;
  const timed_call call = over.timed();
  try {
    impl_->work.commit();
  } catch (const pqxx::sql_error& e) {
    const std::string& state = e.sqlstate();
    const bool gone =
        !over.raw->is_open() || state.empty() || state.starts_with("57P") || state.starts_with("08");
    if (gone) throw commit_in_doubt(over.why_lost(e.what()));
    over.raise(e, "COMMIT");
  } catch (const pqxx::failure& e) {
    throw commit_in_doubt(over.why_lost(e.what()));
  }
}

}  // namespace sluice::store::postgres
