// Statements in libpq's pipeline: sent together, answered together. libpqxx 6 has none for statements with parameters.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <libpq-fe.h>

#include "store/postgres/connection.hpp"

namespace sluice::store::postgres {

using owned_result = std::unique_ptr<PGresult, decltype(&PQclear)>;

// What a connection has prepared: a statement is worth a name when it is asked again.
class statement_names {
 public:
  struct known {
    std::string name;       // empty: without one
    bool prepared = false;  // the server knows it already
  };
  // Lives as long as this.
  [[nodiscard]] known& of(std::string_view sql);

 private:
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;  // who asks again need not copy the text
  };
  std::unordered_map<std::string, known, text_hash, std::equal_to<>> names_;
  int count_ = 0;
};

struct question {
  std::string_view sql;
  const parameters* values;
};
// One of them failed: in the server's words, or without a state when the connection is gone.
struct refusal_of_server {
  std::string state, message;
  std::size_t at = 0;  // which one; as many as there are: the commit of them all
};
struct answers {
  std::vector<owned_result> results;  // as many as questions, unless one failed
  std::optional<refusal_of_server> failed;
};

// Runs them in their order, in one round trip, and returns when the server is done with all of it. `names` null: none
// of them is prepared.
[[nodiscard]] answers exchange(PGconn* c, const std::vector<question>& all, statement_names* names);

}  // namespace sluice::store::postgres
