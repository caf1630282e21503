// COPY ... FROM STDIN BINARY, which libpqxx 6 doesn't have, on libpq's own connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct pg_conn;

namespace sluice::store::postgres {

// How many rows were taken. Throws as connection.hpp says.
std::int64_t copy_in(pg_conn* c, const std::string& sql, std::string_view tuples);

}  // namespace sluice::store::postgres
