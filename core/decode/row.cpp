// One row: its cells, its key, its attributes.
#include "decode/mapper.hpp"

namespace sluice::decode {

void mapper::feed_row(const into_plan& into) {
  stream_writer& out = writers_[into.stream];
  out.begin(into.weight * raw_.size() + into.variables * vars_bytes_ + into.fixed);
  std::string field;
  if (!fill_row(into, out, field)) {
    reject_row(into, std::move(field), std::move(why_));
    out.drop();
  } else if (!out.commit(ordinal_)) {
    reject_row(into, {}, "its columns together are larger than a batch may be, 64 MiB");
  }
}

bool mapper::fill_row(const into_plan& into, stream_writer& out, std::string& field) {
  const bool deleted = !into.deleted_when.empty() && holds(into.deleted_when);
  batch_builder& row = out.row();
  why_.clear();
  for (const cell& c : into.cells) {
    if (!fill_cell(c, deleted, row[c.column])) {
      if (why_.empty()) why_ = convert_.why();
      field = c.name;
      return false;
    }
  }
  if (!into.derive.empty() && !fill_key(into, out)) {
    field = "external_id";
    return false;
  }
  if (!into.attributes.empty() && !fill_attributes(into, row[out.plan().attributes])) {
    why_ = convert_.why();
    field = attributes_column;
    return false;
  }
  if (deleted) row.boolean(out.plan().deleted, true);
  return true;
}

bool mapper::fill_cell(const cell& c, bool deleted, column_builder& out) {
  datum d;
  if (!evaluate(c.from, d, buffer_)) return false;
  if (d.absent()) {
    if (c.from.has_default) {
      const datum fallback = read_constant(c.from.fallback);
      if (!fallback.absent()) return convert_.put(fallback, value{}, c, out);
    }
    if (!c.required || (deleted && !c.key)) return true;
    why_ = "is required, but " + describe_absence(c.from, d);
    return false;
  }
  if (!convert_.put(d, how(c.from), c, out)) return false;
  if (!c.key && !c.reference) return true;
  const std::size_t size = out.pending_text().size();
  if (size > plan_.caps.key_bytes) {
    why_ = "is part of a key and longer than " + std::to_string(plan_.caps.key_bytes) + " bytes";
    return false;
  }
  if (size > 0) return true;
  out.clear_row();  // an empty reference is none
  if (c.key || (c.required && !deleted)) {
    why_ = "is part of a key and empty";
    return false;
  }
  return true;
}

std::string mapper::describe_absence(const value& v, const datum& d) const {
  for (const piece& p : v.pieces) {
    if (p.is == piece::type::variable && !vars_.contains(p.text))
      return "`${" + p.text + "}` has no value here";
  }
  const char* what = d.is == datum::type::null ? " is null" : " is missing";
  if (v.first)
    return "no element of `" + v.at.pointer + "` that matches has a `" + v.first->then.pointer + "`";
  if (v.from == value::source::pointer) return "`" + v.at.pointer + "`" + what;
  return std::string("its value") + what;
}

bool mapper::fill_key(const into_plan& into, stream_writer& out) {
  std::string key;
  bool any = false;
  for (std::size_t i = 0; i < into.derive.size(); ++i) {
    if (i > 0) key += '/';
    column_builder& part = out.row()[into.derive[i]];
    if (!part.is_set()) continue;
    any = true;
    for (const char c : part.pending_text()) {
      if (c == '/') key += "%2F";
      else if (c == '%') key += "%25";
      else key += c;
    }
  }
  if (!any) why_ = "is derived from other columns, and all of them are missing";
  if (key.size() > plan_.caps.key_bytes) {
    why_ = "is a key and longer than " + std::to_string(plan_.caps.key_bytes) + " bytes";
    any = false;
  }
  if (any) out.row().text(out.plan().external_id, key);
  return any;
}

bool mapper::fill_attributes(const into_plan& into, column_builder& out) {
  bool any = false;
  for (const attribute& a : into.attributes) {
    const datum d = at(a.at);
    if (d.is == datum::type::missing) continue;
    out.append(any ? "," : "{");
    any = true;
    out.append(a.name);
    out.append(":");
    if (!convert_.append_json(d, out)) return false;
  }
  if (any) out.append("}");
  return true;
}

}  // namespace sluice::decode
