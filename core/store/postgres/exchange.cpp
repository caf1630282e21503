#include "store/postgres/exchange.hpp"

#include <cerrno>
#include <set>

#include <poll.h>

namespace sluice::store::postgres {

namespace {

// Pipeline mode for as long as it lives. Leaving it fails only where the connection is gone, which is known by then.
// Sending doesn't block: a server that waits for us to read its first answers reads no more questions.
class pipeline {
 public:
  explicit pipeline(PGconn* c) : connection_(c) {
    PQenterPipelineMode(c);
    PQsetnonblocking(c, 1);
  }
  ~pipeline() {
    PQsetnonblocking(connection_, 0);
    PQexitPipelineMode(connection_);
  }
  pipeline(const pipeline&) = delete;
  pipeline& operator=(const pipeline&) = delete;

 private:
  PGconn* connection_;
};

struct pointers {
  explicit pointers(const parameters& values) : lengths(values.size()), formats(values.size(), 1) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      at.push_back(values[i].data());
      lengths[i] = static_cast<int>(values[i].size());
    }
  }
  std::vector<const char*> at;
  std::vector<int> lengths, formats;
};

bool send(PGconn* c, const question& s, const statement_names::known& how) {
  const pointers p(*s.values);
  const int count = static_cast<int>(s.values->size());
  const std::string& name = how.name;
  if (name.empty()) {
    return PQsendQueryParams(c, std::string(s.sql).c_str(), count, nullptr, p.at.data(), p.lengths.data(),
                             p.formats.data(), 0) == 1;
  }
  return PQsendQueryPrepared(c, name.c_str(), count, p.at.data(), p.lengths.data(), p.formats.data(), 0) == 1;
}

// All that was sent is on its way; what came meanwhile is kept by libpq.
bool flush(PGconn* c) {
  for (;;) {
    const int left = PQflush(c);
    if (left <= 0) return left == 0;
    pollfd ready{PQsocket(c), POLLIN | POLLOUT, 0};
    if (poll(&ready, 1, -1) < 0 && errno != EINTR) return false;
    if ((ready.revents & ~POLLOUT) != 0 && PQconsumeInput(c) != 1) return false;
  }
}

refusal_of_server failure_of(PGconn* c, const PGresult* r, std::size_t at) {
  const char* const state = r != nullptr ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : nullptr;
  if (state == nullptr) return {"", PQerrorMessage(c), at};
  return {state, PQresultErrorMessage(r), at};
}

bool is_failure(const PGresult* r) {
  const ExecStatusType s = PQresultStatus(r);
  return s == PGRES_FATAL_ERROR || s == PGRES_BAD_RESPONSE || s == PGRES_NONFATAL_ERROR;
}

// What was sent, in its order.
struct sent {
  std::size_t at = 0;                           // which statement
  statement_names::known* preparing = nullptr;  // or only its name
};

// The results of one of them, up to the null that ends it. The last counts.
owned_result take(PGconn* c) {
  owned_result kept(nullptr, PQclear);
  while (PGresult* r = PQgetResult(c)) {
    kept.reset(r);
    if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) break;
  }
  return kept;
}

}  // namespace

statement_names::known& statement_names::of(std::string_view sql) {
  const auto at = names_.find(sql);
  if (at == names_.end()) return names_.try_emplace(std::string(sql)).first->second;
  if (at->second.name.empty()) at->second.name = "s" + std::to_string(++count_);
  return at->second;
}

answers exchange(PGconn* c, const std::vector<question>& all, statement_names* names) {
  const pipeline mode(c);
  answers out;
  std::vector<sent> order;
  std::set<std::string> preparing;
  statement_names::known nameless;
  bool good = true;
  for (std::size_t i = 0; good && i < all.size(); ++i) {
    statement_names::known& how = names != nullptr ? names->of(all[i].sql) : nameless;
    if (!how.name.empty() && !how.prepared && preparing.insert(how.name).second) {
      good = PQsendPrepare(c, how.name.c_str(), std::string(all[i].sql).c_str(), 0, nullptr) == 1;
      order.push_back({i, &how});
    }
    good = good && send(c, all[i], how);
    order.push_back({i});
  }
  if (!good || PQpipelineSync(c) != 1 || !flush(c)) {
    out.failed = failure_of(c, nullptr, 0);
    return out;
  }
  for (const sent& s : order) {
    owned_result r = take(c);
    if (out.failed && r) continue;  // PGRES_PIPELINE_ABORTED
    if (!r || is_failure(r.get())) {
      if (!out.failed) out.failed = failure_of(c, r.get(), s.at);
      if (!r) return out;
    } else if (s.preparing != nullptr) {
      s.preparing->prepared = true;
    } else {
      out.results.push_back(std::move(r));
    }
  }
  // Only now is it known that what they did together is committed.
  for (owned_result r = take(c); PQresultStatus(r.get()) != PGRES_PIPELINE_SYNC; r = take(c)) {
    if (!out.failed) out.failed = failure_of(c, r.get(), all.size());
    if (!r) break;
  }
  return out;
}

}  // namespace sluice::store::postgres
