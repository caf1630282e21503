// COPY ... FROM STDIN BINARY, which libpqxx 6 doesn't have, on libpq's own connection.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

struct pg_conn;

namespace sluice::store::postgres {

// Appends some more of the body to an empty text; false: that was the last of it.
using copy_source = std::function<bool(std::string&)>;

// How many rows were taken. The server works on what it has while `next` makes more. Throws as connection.hpp
// says, and what `next` throws; then nothing was taken.
std::int64_t copy_in(pg_conn* c, const std::string& sql, const copy_source& next);

}  // namespace sluice::store::postgres
