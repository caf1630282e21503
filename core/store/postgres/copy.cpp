#include "store/postgres/copy.hpp"

#include <charconv>
#include <memory>

#include <libpq-fe.h>

#include "store/postgres/errors.hpp"

namespace sluice::store::postgres {

namespace {

using owned_result = std::unique_ptr<PGresult, decltype(&PQclear)>;

// Reads the connection empty and gives back the first error among its results, else the last result.
owned_result drain(PGconn* c) {
  owned_result kept(nullptr, PQclear);
  while (PGresult* next = PQgetResult(c)) {
    const bool failed = kept != nullptr && PQresultStatus(kept.get()) == PGRES_FATAL_ERROR;
    if (failed) {
      PQclear(next);
    } else {
      kept.reset(next);
    }
  }
  return kept;
}

[[noreturn]] void raise_copy(PGconn* c, const PGresult* r, const std::string& sql) {
  const char* state = r != nullptr ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : nullptr;
  if (PQstatus(c) != CONNECTION_OK || state == nullptr) throw connection_lost(PQerrorMessage(c), sql);
  const char* detail = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
  throw from_sqlstate(state, detail != nullptr ? detail : PQresultErrorMessage(r), sql);
}

}  // namespace

std::int64_t copy_in(PGconn* c, const std::string& sql, const copy_source& next) {
  owned_result begun(PQexec(c, sql.c_str()), PQclear);
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) raise_copy(c, begun.get(), sql);
  begun.reset();
  bool sent = true;
  try {
    std::string piece;
    for (bool more = true; sent && more;) {
      piece.clear();
      more = next(piece);
      if (!piece.empty()) sent = PQputCopyData(c, piece.data(), static_cast<int>(piece.size())) == 1;
    }
  } catch (...) {
    PQputCopyEnd(c, "given up by the client");
    drain(c);
    throw;
  }
  if (sent) sent = PQputCopyEnd(c, nullptr) == 1;
  const owned_result done = drain(c);
  if (!sent || done == nullptr || PQresultStatus(done.get()) != PGRES_COMMAND_OK)
    raise_copy(c, done.get(), sql);
  std::int64_t count = 0;
  const std::string_view tag = PQcmdTuples(done.get());
  std::from_chars(tag.data(), tag.data() + tag.size(), count);
  return count;
}

}  // namespace sluice::store::postgres
