// Parents' ids for the rows that are about to be written, and what becomes of rows without them.
#include <algorithm>
#include <unordered_set>

#include "store/errors.hpp"
#include "store/postgres/stream_writer.hpp"

namespace sluice::store::postgres {

void stream_writer::find_parents() {
  if (rows_.references.empty() || (inserts_.empty() && updates_.empty())) return;
  if (self_) assign_ids();
  std::vector<decision*> all;
  all.reserve(inserts_.size() + updates_.size());
  for (decision& d : inserts_) all.push_back(&d);
  for (decision& d : updates_) all.push_back(&d);
  load_parents(all);
  place_all(all);
  const auto dropped = [](const decision& d) { return d.dropped; };
  std::erase_if(inserts_, dropped);
  std::erase_if(updates_, dropped);
}

// A row that may be the parent of another one of its batch needs its id before it is written.
void stream_writer::assign_ids() {
  if (inserts_.empty()) return;
  const rows ids =
      context_.db.query(table_.next_ids, {encode_int8(static_cast<std::int64_t>(inserts_.size()))});
  for (std::size_t i = 0; i < inserts_.size(); ++i) inserts_[i].id = ids.number(i, 0);
}

void stream_writer::load_parents(const std::vector<decision*>& all) {
  const std::size_t count = rows_.references.size();
  parent_keys_.assign(count, std::vector<std::optional<std::string>>(rows_.rows.size()));
  parents_.assign(count, {});
  for (std::size_t r = 0; r < count; ++r) {
    const reference_plan& plan = rows_.references[r];
    std::unordered_set<std::string_view> seen;
    std::vector<std::string> distinct;
    for (const decision* d : all) {
      auto& key = parent_keys_[r][d->index] = parent_key(plan, rows_.view(row(*d)), row(*d).row);
      if (key && seen.insert(*key).second) distinct.push_back(*key);
    }
    if (!distinct.empty()) parents_[r] = live_rows(*plan.declared, distinct);
    if (!plan.self) continue;
    // As the batch will leave them: what it deletes is gone, what it writes is there.
    for (const decision& d : tombstones_) parents_[r].erase(std::string(row(d).key));
    for (const decision* d : all) parents_[r].insert_or_assign(std::string(row(*d).key), d->id);
  }
}

// A row that is not written may take others with it that name it as their parent. Forth and back,
// so that chains in either order end in one round.
void stream_writer::place_all(const std::vector<decision*>& all) {
  std::vector<decision*> left = all;
  for (bool again = true; again;) {
    again = false;
    for (decision* d : left) {
      if (place(*d)) continue;
      d->dropped = true;
      if (!self_ || d->live) continue;
      again = true;
      for (std::size_t r = 0; r < parents_.size(); ++r) {
        if (rows_.references[r].self) parents_[r].erase(std::string(row(*d).key));
      }
    }
    std::erase_if(left, [](const decision* d) { return d->dropped; });
    std::reverse(left.begin(), left.end());
  }
  for (const decision& d : inserts_) note_links(d);
  for (const decision& d : updates_) note_links(d);
}

bool stream_writer::place(decision& d) {
  d.parents.assign(rows_.references.size(), 0);
  for (std::size_t r = 0; r < rows_.references.size(); ++r) {
    const reference& declared = *rows_.references[r].declared;
    const auto& key = parent_keys_[r][d.index];
    if (!key) {
      if (!declared.required) continue;
      rows_.refuse(d.index, declared.name, "names no `" + declared.to + "`; it is required");
      return false;
    }
    const auto parent = parents_[r].find(*key);
    if (parent != parents_[r].end()) {
      d.parents[r] = parent->second;
      continue;
    }
    if (!declared.required) continue;
    rows_.rows[d.index].what = outcome::deferred;
    deferred_.push_back({d.index, r, *key});
    return false;
  }
  return true;
}

// Optional parents that are missing: set when they come.
void stream_writer::note_links(const decision& d) {
  if (d.dropped) return;
  for (std::size_t r = 0; r < d.parents.size(); ++r) {
    const auto& key = parent_keys_[r][d.index];
    if (key && d.parents[r] == 0) links_.push_back({d.index, r, *key});
  }
}

bool stream_writer::has_table(const std::string& stream) {
  const auto [at, fresh] = context_.tables.try_emplace(stream, false);
  if (fresh) {
    at->second =
        context_.db.query("SELECT to_regclass($1::text) IS NOT NULL", {qualified(context_.schema, stream)})
            .boolean(0, 0);
  }
  return at->second;
}

stream_writer::ids_by_key stream_writer::live_rows(const reference& r, const std::vector<std::string>& keys) {
  ids_by_key out;
  if (!has_table(r.to)) return out;
  array_builder kinds(oid::text), ids(oid::text);
  for (const std::string& joined : keys) {
    const key_parts key = split_key(joined, r.columns.size() == 2);
    if (r.columns.size() == 2) kinds.text(key.kind);
    ids.text(key.id);
  }
  parameters values{context_.tenant};
  if (r.columns.size() == 2) values.push_back(kinds.finish());
  values.push_back(ids.finish());
  const rows found = context_.db.query(find_rows_sql(context_.schema, r.to, r.columns), values);
  out.reserve(found.size());
  for (std::size_t n = 0; n < found.size(); ++n) {
    if (found.is_null(n, 1)) continue;
    out.emplace(keys[static_cast<std::size_t>(found.number(n, 0) - 1)], found.number(n, 1));
  }
  return out;
}

}  // namespace sluice::store::postgres
