// Tombstones that no record asks for: what their makers share.
#pragma once

#include <set>
#include <string>

#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

// `run` as a uuid parameter. The tombstones speak of the instant `as_of_us`: what was requested later
// overwrites them.
struct postgres_session::deletion {
  std::string run, tenant, stage, item;
  std::int64_t as_of_us = 0;
};

// The key of a row of `t` as one text, as the ledger has it.
[[nodiscard]] std::string key_of(const stream_schema& s);

// The keys that the pages of a run, a parameter, have brought of a stream; more conditions may follow.
[[nodiscard]] std::string brought_by(const std::string& run, const stream_schema& s);

// Whether a row may live on a deleted parent that an earlier run of the tenant has left, of a row `r` of the runs: one
// that was ended before it came to look, held, failed or cancelled since the last one that looked began.
inline constexpr const char* left_orphans =
    "EXISTS (SELECT FROM sluice.runs o WHERE o.tenant = r.tenant AND o.run_id <> r.run_id "
    "AND o.state IN ('held', 'failed', 'cancelled') AND o.ended_us >= coalesce((SELECT max(p.created_us) "
    "FROM sluice.runs p WHERE p.tenant = r.tenant AND p.scope = '' AND p.run_id <> r.run_id AND p.state IN "
    "('succeeded', 'partial')), 0))";

// The first column.
[[nodiscard]] std::set<std::string> texts_of(const rows& r);

}  // namespace sluice::store::postgres
