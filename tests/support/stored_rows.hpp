// Rows as tests read them back from any store: column to text, nulls left out.
//
// Values: texts, decimals and json as they are; bool true|false; numbers in decimal; date as days and
// timestamp as microseconds since 1970. Besides the declared columns: id, tenant_id, NAME_id,
// attributes, source_version, origin, read_at, synced_at, run_id, deleted (true|false), row_hash.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sluice::testing {

using stored_values = std::map<std::string, std::string>;
using stored_values_list = std::vector<stored_values>;  // by tenant and key

}  // namespace sluice::testing
