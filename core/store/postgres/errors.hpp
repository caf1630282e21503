// PostgreSQL's errors in the engine's words and the store's codes, with what to do about them.
#pragma once

#include <string>
#include <string_view>

#include "store/postgres/connection.hpp"

namespace sluice::store::postgres {

// `where` says what was being done; `message` is the server's text, `state` its SQLSTATE.
[[nodiscard]] sql_failure from_sqlstate(std::string_view state, std::string_view message,
                                        std::string_view where);
[[nodiscard]] engine::failure connection_lost(std::string_view message, std::string_view where);
[[nodiscard]] engine::failure not_connected(std::string_view message);
[[nodiscard]] engine::failure commit_in_doubt(std::string_view message);

}  // namespace sluice::store::postgres
