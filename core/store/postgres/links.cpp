// Links to optional parents that came after their children.
#include <map>

#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"
#include "store/postgres/waiting_sql.hpp"

namespace sluice::store::postgres {

std::int64_t postgres_session::resolve_links(const write_context& context, int limit) {
  std::map<std::pair<std::string, std::string>,
           std::pair<std::vector<std::string>, std::vector<std::int64_t>>>
      found;
  std::int64_t count = 0;
  for (const std::string& parent : awaited_streams(db().query(awaited_by_links, {context.tenant}))) {
    if (count >= limit) break;
    const rows r = db().query("SELECT w.stream, w.reference, w.key, t.id FROM sluice.pending_links" +
                                  join_parent(parent) +
                                  " ORDER BY w.stream, w.key, w.reference LIMIT $3::int8 FOR UPDATE OF w",
                              {context.tenant, parent, encode_int8(limit - count)});
    for (std::size_t n = 0; n < r.size(); ++n, ++count) {
      auto& [keys, ids] = found[{std::string(r.text(n, 0)), std::string(r.text(n, 1))}];
      keys.emplace_back(r.text(n, 2)), ids.push_back(r.number(n, 3));
    }
  }
  for (const auto& [place, rows_found] : found) {
    const auto& [stream, reference] = place;
    const auto& [keys, ids] = rows_found;
    if (const auto child = streams_.find(stream); child != streams_.end()) {
      set_parents(context, child->second, reference, keys, ids);
    }
    db().query(drop_links_of, {context.tenant, stream, encode_texts(keys), reference});
  }
  return count;
}

void postgres_session::set_parents(const write_context& context, const stream_schema& child,
                                   const std::string& reference, const std::vector<std::string>& keys,
                                   const std::vector<std::int64_t>& ids) {
  array_builder parents(oid::int8), kinds(oid::text), names(oid::text);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const key_parts key = split_key(keys[i], child.key.size() == 2);
    kinds.text(key.kind), names.text(key.id), parents.int8(ids[i]);
  }
  parameters values{context.tenant};
  if (child.key.size() == 2) values.push_back(kinds.finish());
  for (std::string value : {names.finish(), parents.finish(), encode_instant(context.now_us), context.run}) {
    values.push_back(std::move(value));
  }
  db().query(table_for(child).set_parent_of(reference + "_id"), values);
}

}  // namespace sluice::store::postgres
