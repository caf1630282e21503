#include "store/embedded/row_writer.hpp"

#include <algorithm>

#include "engine/failpoint.hpp"
#include "engine/planted.hpp"
#include "store/errors.hpp"
#include "store/row_codec.hpp"

namespace sluice::store::embedded {

namespace {

enum : std::uint8_t { unseen, entered, decided };

bool same_layout(const stream_schema& a, const std::vector<column>& layout) {
  const auto b = wire_layout(a);
  return std::equal(b.begin(), b.end(), layout.begin(), layout.end(),
                    [](const column& x, const column& y) { return x.name == y.name && x.type == y.type; });
}

}  // namespace

stream_table& table_of(tables& t, const prepared_stream& s) {
  const std::string& name = s.schema->name;
  stream_table* table = t.find_stream(name);
  if (table == nullptr || !same_layout(table->schema(), s.layout)) {
    t.reload_streams();
    table = t.find_stream(name);
  }
  if (table == nullptr) {
    throw invalid(code::unknown_stream,
                  "stream `" + name + "` has no table; the plugin that declares it was not loaded");
  }
  if (!same_layout(table->schema(), s.layout)) {
    throw invalid(code::unknown_stream, "stream `" + name +
                                            "`: the table was made from another version of its plugin; "
                                            "restart with one version on all hosts");
  }
  return *table;
}

row_writer::row_writer(tables& t, stream_table& table, prepared_stream& s, const context& c)
    : tables_(t),
      table_(table),
      stream_(s),
      context_(c),
      name_(s.schema->name),
      has_deferred_(t.has_deferred(c.by.tenant, name_)),
      has_links_(t.has_links(c.by.tenant, name_)) {
  const bool self =
      std::any_of(s.references.begin(), s.references.end(), [](const reference_plan& r) { return r.self; });
  if (!self) return;
  for (const std::uint32_t i : s.pending) by_key_.emplace(s.rows[i].key, i);
  visited_.resize(s.rows.size(), unseen);
}

void row_writer::run() {
  for (const std::uint32_t i : stream_.pending) {
    if (by_key_.empty()) decide(i);
    else decide_after_parents(i);
  }
}

// Depth first over the parents that come in the same batch; a circle is broken where it closes.
void row_writer::decide_after_parents(std::uint32_t index) {
  std::vector<std::uint32_t> stack{index};
  while (!stack.empty()) {
    const std::uint32_t top = stack.back();
    if (visited_[top] == unseen) {
      visited_[top] = entered;
      if (push_parents(top, stack)) continue;
    }
    if (visited_[top] == entered) {
      decide(top);
      visited_[top] = decided;
    }
    stack.pop_back();
  }
}

bool row_writer::push_parents(std::uint32_t index, std::vector<std::uint32_t>& stack) {
  const prepared_row& row = stream_.rows[index];
  const std::size_t before = stack.size();
  for (const reference_plan& ref : stream_.references) {
    if (!ref.self) continue;
    const auto key = parent_key(ref, stream_.view(row), row.row);
    if (!key) continue;
    const auto parent = by_key_.find(*key);
    if (parent != by_key_.end() && visited_[parent->second] == unseen) stack.push_back(parent->second);
  }
  return stack.size() > before;
}

bool row_writer::waits_newer(const prepared_row& row) {
  if (context_.resolving || !has_deferred_ || SLUICE_BUG(deferred_forgets_newer)) return false;
  const auto twin = tables_.find_deferred(context_.by.tenant, name_, row.key);
  return twin && older(row.age, believed(twin->age, context_.by.now_us));
}

outcome row_writer::compare(const prepared_row& row, const std::optional<stored_row>& stored) {
  if (!stored) return row.deleted ? outcome::unchanged : outcome::inserted;
  if (!stored->deleted && !row.deleted && stored->hash == row.hash) return outcome::unchanged;
  if (older(row.age, believed(stored->age, context_.by.now_us)) && !SLUICE_BUG(older_overwrites))
    return outcome::stale;
  if (!row.deleted) return outcome::updated;
  return stored->deleted ? outcome::unchanged : outcome::deleted;
}

void row_writer::decide(std::uint32_t index) {
  prepared_row& row = stream_.rows[index];
  if (waits_newer(row)) {
    row.what = outcome::stale;
    return;
  }
  const auto stored = table_.find(context_.by.tenant, row.key);
  row.what = compare(row, stored);
  switch (row.what) {
    case outcome::unchanged:
      if (stored && row.age.version && (!stored->age.version || *stored->age.version < *row.age.version)) {
        table_.set_version(stored->id, *row.age.version);
      }
      break;
    case outcome::deleted: remove(row, *stored); break;
    case outcome::inserted:
    case outcome::updated: write(index, stored); break;
    default: break;
  }
  const bool keeps_twin =
      row.what == outcome::stale || row.what == outcome::rejected || row.what == outcome::deferred;
  if (has_deferred_ && !keeps_twin && !context_.resolving)
    tables_.erase_deferred(context_.by.tenant, name_, row.key);
}

void row_writer::remove(prepared_row& row, const stored_row& stored) {
  SLUICE_FAILPOINT("rows.before_tombstone");
  table_.tombstone(context_.by, stored.id, row.age);
  replace_links(row, {});
}

void row_writer::write(std::uint32_t index, const std::optional<stored_row>& stored) {
  prepared_row& row = stream_.rows[index];
  if (const auto why = unstorable(stream_, row)) {
    stream_.refuse(index, why->first, why->second);
    return;
  }
  auto found = look_up(index);
  if (!found) return;
  const row_write w{&stream_, &row, context_.origin_of(row), std::move(found->parents)};
  try {
    if (stored) {
      SLUICE_FAILPOINT("rows.before_update");
      table_.update(context_.by, stored->id, w);
    } else {
      SLUICE_FAILPOINT("rows.before_insert");
      table_.insert(context_.by, w);
    }
  } catch (const refused_value& e) {
    stream_.refuse(index, e.field, e.reason);
    return;
  }
  replace_links(row, found->links);
}

std::optional<row_writer::lookup> row_writer::look_up(std::uint32_t index) {
  const prepared_row& row = stream_.rows[index];
  lookup out;
  for (const reference_plan& ref : stream_.references) {
    auto& parent = out.parents.emplace_back();
    const auto key = parent_key(ref, stream_.view(row), row.row);
    if (!key) {
      if (!ref.declared->required) continue;
      stream_.refuse(index, ref.declared->name, "names no `" + ref.declared->to + "`; it is required");
      return std::nullopt;
    }
    stream_table* table = ref.self ? &table_ : tables_.find_stream(ref.declared->to);
    const auto found = table == nullptr ? std::nullopt : table->find(context_.by.tenant, *key);
    if (found && !found->deleted) {
      parent = found->id;
    } else if (ref.declared->required) {
      defer(stream_.rows[index], ref, *key);
      stream_.rows[index].what = outcome::deferred;
      return std::nullopt;
    } else {
      out.links.push_back(
          {context_.by.tenant, name_, std::string(row.key), ref.declared->name, ref.declared->to, *key});
    }
  }
  return out;
}

void row_writer::defer(const prepared_row& row, const reference_plan& ref, const std::string& key) {
  deferred_record d;
  d.tenant = context_.by.tenant;
  d.stream = name_;
  d.key = std::string(row.key);
  d.reference = ref.declared->name;
  d.parent_stream = ref.declared->to;
  d.parent_key = key;
  d.payload = encode_row(stream_.view(row), stream_.layout, row.row);
  d.origin = context_.origin_of(row);
  d.age = row.age;
  d.first_seen_us = context_.by.now_us;
  d.expires_us = context_.by.now_us + std::chrono::microseconds(ref.declared->expire).count();
  context_.place(row, d);
  if (has_deferred_) {
    if (const auto twin = tables_.find_deferred(d.tenant, d.stream, d.key)) {
      d.first_seen_us = twin->first_seen_us;
      d.expires_us = twin->expires_us;
    }
  }
  tables_.put_deferred(d);
  has_deferred_ = true;
}

void row_writer::replace_links(const prepared_row& row, const std::vector<link_record>& links) {
  if (has_links_) tables_.erase_links(context_.by.tenant, name_, row.key);
  for (const link_record& l : links) tables_.add_link(l);
  has_links_ = has_links_ || !links.empty();
}

}  // namespace sluice::store::embedded
