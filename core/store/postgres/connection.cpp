#include "store/postgres/connection.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <libpq-fe.h>
#include <poll.h>
#include <pqxx/pqxx>

#include "store/errors.hpp"
#include "store/postgres/copy.hpp"
#include "store/postgres/errors.hpp"
#include "store/postgres/exchange.hpp"
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

// Between two statements a server only says that it ends, or what has changed of its settings.
void hear(PGconn* c) noexcept {
  pollfd socket{PQsocket(c), POLLIN, 0};
  constexpr int most = 4;  // the last words, then the end
  for (int n = 0; n < most && poll(&socket, 1, 0) > 0; ++n) {
    if (PQconsumeInput(c) == 0 || PQstatus(c) != CONNECTION_OK) return;
    static_cast<void>(PQisBusy(c));  // takes in what has come
  }
}

constexpr std::string_view begin_sql = "BEGIN", commit_sql = "COMMIT";

std::vector<question> questions_of(const std::vector<statement>& all) {
  std::vector<question> out;
  for (const statement& s : all) out.push_back({s.sql, &s.values});
  return out;
}

}  // namespace

struct rows::impl {
  owned_result result{nullptr, PQclear};
};

rows::rows() : impl_(std::make_unique<impl>()) {}
rows::rows(rows&&) noexcept = default;
rows& rows::operator=(rows&&) noexcept = default;
rows::~rows() = default;
std::size_t rows::size() const noexcept { return static_cast<std::size_t>(PQntuples(impl_->result.get())); }
std::int64_t rows::affected() const noexcept { return std::atoll(PQcmdTuples(impl_->result.get())); }
bool rows::is_null(std::size_t row, int column) const noexcept {
  return PQgetisnull(impl_->result.get(), static_cast<int>(row), column) == 1;
}
bool rows::boolean(std::size_t row, int column) const noexcept { return text(row, column) == "t"; }

std::string_view rows::text(std::size_t row, int column) const noexcept {
  const int n = static_cast<int>(row);
  return {PQgetvalue(impl_->result.get(), n, column),
          static_cast<std::size_t>(PQgetlength(impl_->result.get(), n, column))};
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
  enum class block : std::uint8_t { none, promised, begun };  // promised: BEGIN goes with the first statement

  std::unique_ptr<raw_connection> raw;
  statement_names names;
  std::unique_ptr<watched_socket> socket;
  std::chrono::milliseconds limit{75'000};  // of one call; the server's own comes first
  block open = block::none;
  bool unhurried = false;  // the open transaction has a limit of its own
  bool spent = false, pooled = false;

  [[nodiscard]] PGconn* handle() const { return raw->raw(); }
  [[nodiscard]] timed_call timed() {
    return {*socket, unhurried ? std::chrono::milliseconds::zero() : limit};
  }

  [[nodiscard]] std::string why_lost(const std::string& what) const {
    if (!socket->cut()) return what;
    return "the server has not answered for " + std::to_string(limit.count() / 1000) + " s";
  }

  [[noreturn]] void raise(const refusal_of_server& f, std::string_view where) {
    spent = spent || f.state.empty() || ends_connection(f.state);
    if (f.state.empty()) throw connection_lost(why_lost(f.message), where);
    throw from_sqlstate(f.state, f.message, where);
  }

  // Behind a pooler each transaction may meet another server session: nothing outlives it.
  [[nodiscard]] std::string begin_text() const {
    return std::string(begin_sql) + (pooled ? ";" + transaction_settings() : "");
  }

  // Without parameters, and perhaps more than one.
  owned_result plain(const std::string& sql) {
    const timed_call call = timed();
    owned_result out(PQexec(handle(), sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(out.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) return out;
    const char* const state = PQresultErrorField(out.get(), PG_DIAG_SQLSTATE);
    if (state == nullptr) raise({"", PQerrorMessage(handle()), 0}, sql);
    raise({state, PQresultErrorMessage(out.get()), 0}, sql);
  }

  void begin() {
    if (open != block::promised) return;
    plain(begin_text());
    open = block::begun;
  }

  // With BEGIN before them where it is due; the answer to that is left out.
  answers send(std::vector<question> all, bool named) {
    static const parameters none;
    const bool first = open == block::promised;
    if (first) all.insert(all.begin(), {begin_sql, &none});
    // As soon as it is sent: a failure behind it leaves a block to roll back.
    if (first) open = block::begun;
    const timed_call call = timed();
    answers out = exchange(handle(), all, named && !pooled ? &names : nullptr);
    if (!first) return out;
    if (!out.results.empty()) out.results.erase(out.results.begin());
    if (out.failed && out.failed->at > 0) --out.failed->at;
    return out;
  }

  [[nodiscard]] static std::vector<rows> rows_of(std::vector<owned_result> results) {
    std::vector<rows> out(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) out[i].impl_->result = std::move(results[i]);
    return out;
  }

  std::vector<rows> ask(const std::vector<question>& all, bool named) {
    answers got = send(all, named);
    if (got.failed) raise(*got.failed, all[std::min(got.failed->at, all.size() - 1)].sql);
    return rows_of(std::move(got.results));
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

// A connection that the server has closed since is found before anything is lost with it.
bool connection::usable() const noexcept {
  const auto open = [&] {
    return !impl_->spent && impl_->raw->is_open() && PQstatus(impl_->handle()) == CONNECTION_OK;
  };
  if (!open()) return false;
  if (in_transaction()) return true;  // that is not gone on with elsewhere
  hear(impl_->handle());
  return open();
}

bool connection::in_transaction() const noexcept { return impl_->open != impl::block::none; }

bool connection::pooled() const noexcept { return impl_->pooled; }

std::string connection::quote_name(std::string_view name) const {
  return impl_->raw->quote_name(std::string(name));
}

rows connection::execute(const std::string& sql) {
  rows out;
  if (in_transaction() && sets_time_limit(sql)) impl_->unhurried = true;
  impl_->begin();
  out.impl_->result = impl_->plain(sql);
  return out;
}

// Outside of a transaction they are one of their own, as the server sees it too; but for a pooler, where each needs
// its settings.
std::vector<rows> connection::run(const std::vector<question>& all, bool named) {
  if (!impl_->pooled || in_transaction()) return impl_->ask(all, named);
  transaction own(*this);
  std::vector<rows> out = impl_->ask(all, named);
  try {
    own.commit();
  } catch (const engine::failure& f) {
    if (f.kind() != engine::failure_class::in_doubt) throw;
    throw connection_lost(f.message(), all.front().sql);
  }
  return out;
}

rows connection::query(const std::string& sql, const parameters& values) {
  return std::move(run({{sql, &values}}, true).front());
}

rows connection::query(const statement& one) {
  return std::move(run({{one.sql, &one.values}}, true).front());
}

rows connection::query_once(const std::string& sql, const parameters& values) {
  return std::move(run({{sql, &values}}, false).front());
}

std::vector<rows> connection::query_all(const std::vector<statement>& all) {
  return run(questions_of(all), true);
}

std::int64_t connection::copy(const std::string& sql, const std::function<bool(std::string&)>& next) {
  impl_->begin();
  const timed_call call = impl_->timed();
  return copy_in(impl_->handle(), sql, next);
}

transaction::transaction(connection& c) : connection_(c) {
  c.impl_->open = connection::impl::block::promised;
  if (c.impl_->pooled) c.impl_->begin();  // its settings are more than one statement
}

transaction::~transaction() {
  connection::impl& over = *connection_.impl_;
  if (over.open == connection::impl::block::begun && connection_.usable()) {
    const timed_call call = over.timed();
    // A connection that can't do even that is found to be of no use when it is asked next.
    const owned_result done(PQexec(over.handle(), "ROLLBACK"), PQclear);
  }
  over.open = connection::impl::block::none;
  over.unhurried = false;
}

// Only a server that still answers can say that it has not committed.
std::vector<rows> transaction::commit(const std::vector<statement>& last) {
  using block = connection::impl::block;
  connection::impl& over = *connection_.impl_;
  if (over.open == block::promised && last.empty()) return {};
  std::vector<question> all = questions_of(last);
  const parameters none;
  all.push_back({commit_sql, &none});
  answers got = over.send(all, true);
  if (got.failed) {
    const bool committing = got.failed->at >= last.size();
    const std::string& state = got.failed->state;
    if (state.empty() || (committing && ends_connection(state))) {
      over.spent = true;
      throw commit_in_doubt(over.why_lost(got.failed->message));
    }
    over.raise(*got.failed, committing ? commit_sql : last[got.failed->at].sql);
  }
  over.open = block::none;
  if (std::string_view(PQcmdStatus(got.results.back().get())) != commit_sql) {
    throw engine::failure(engine::failure_class::internal, code::internal,
                          "PostgreSQL: a transaction in which a statement had failed was to be committed");
  }
  got.results.pop_back();
  return connection::impl::rows_of(std::move(got.results));
}

}  // namespace sluice::store::postgres
