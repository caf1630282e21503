// Finding and dropping deferred rows and links by key. For the form of the joins see statements.cpp.
// $1 tenant, $2 stream, $3 keys; `drop_links_of`: $4 a reference.
#pragma once

namespace sluice::store::postgres {

// The streams that links of tenant $1 wait for.
inline constexpr const char* awaited_by_links =
    "SELECT DISTINCT parent_stream FROM sluice.pending_links WHERE tenant = $1::text ORDER BY parent_stream";

inline constexpr const char* find_twins =
    "SELECT s.o, d.version, d.requested_us FROM (SELECT $1::text AS tenant, $2::text AS stream, x.* "
    "FROM unnest($3::text[]) WITH ORDINALITY AS x(k, o) OFFSET 0) s "
    "LEFT JOIN sluice.deferred d ON d.tenant = s.tenant AND d.stream = s.stream AND d.key = s.k "
    "WHERE coalesce(d.requested_us, -1) >= 0";

inline constexpr const char* drop_twins_of =
    "DELETE FROM sluice.deferred WHERE ctid = ANY (ARRAY(SELECT d.ctid "
    "FROM (SELECT $1::text AS tenant, $2::text AS stream, k FROM unnest($3::text[]) AS x(k) OFFSET 0) s "
    "LEFT JOIN sluice.deferred d ON d.tenant = s.tenant AND d.stream = s.stream AND d.key = s.k))";

inline constexpr const char* drop_links =
    "DELETE FROM sluice.pending_links WHERE ctid = ANY (ARRAY(SELECT l.ctid "
    "FROM (SELECT $1::text AS tenant, $2::text AS stream, k FROM unnest($3::text[]) AS x(k) OFFSET 0) s "
    "LEFT JOIN sluice.pending_links l ON l.tenant = s.tenant AND l.stream = s.stream AND l.key = s.k))";

inline constexpr const char* drop_links_of =
    "DELETE FROM sluice.pending_links WHERE ctid = ANY (ARRAY(SELECT l.ctid FROM (SELECT $1::text AS tenant, "
    "$2::text AS stream, $4::text AS reference, k FROM unnest($3::text[]) AS x(k) OFFSET 0) s "
    "LEFT JOIN sluice.pending_links l ON l.tenant = s.tenant AND l.stream = s.stream AND l.key = s.k "
    "AND l.reference = s.reference))";

}  // namespace sluice::store::postgres
