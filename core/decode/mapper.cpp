#include "decode/mapper.hpp"

#include <algorithm>

#include "decode/text.hpp"

namespace sluice::decode {

mapper::mapper(const plan& p, const variables& vars, bool text_only, result& out)
    : plan_(p), vars_(vars), text_only_(text_only), out_(out), convert_(p.caps), walker_(none_) {
  frames_.resize(element_level + 1U);
  memories_.resize(p.tries);
  page_texts_.resize(p.page_texts);
  for (const auto& [name, text] : vars) vars_bytes_ += text.size();
  restart();
}

void mapper::restart() {
  out_ = {};
  damage_next_ = 0;
  kept_bytes_ = 0;
  writers_.clear();
  writers_.reserve(plan_.streams.size());
  for (std::size_t i = 0; i < plan_.streams.size(); ++i)
    writers_.emplace_back(plan_.streams[i], plan_.layouts[i]);
}

void mapper::finish() {
  for (stream_writer& w : writers_) out_.streams.push_back(w.finish());
}

void mapper::refuse(std::string_view raw, std::string reason) {
  raw_ = raw;
  ordinal_ = out_.records++;
  reject_record({}, std::move(reason));
}

std::uint32_t mapper::take(const tokens& t, std::uint32_t i, std::string_view raw_of) {
  t_ = &t;
  first_ = i;
  walker_.restart(t);
  after_ = walker_.walk(plan_.record, i, frames_[0].slots, memories_[plan_.record.id]);
  if (raw_of.data() != nullptr && after_ != t.count) walker_.fail(after_, "nothing more");
  const std::size_t from = t.at[i];
  const std::size_t to = t.at[after_ - 1] + t.scalar(after_ - 1).size();
  raw_ = raw_of.data() != nullptr ? raw_of : std::string_view(t.text + from, to - from);
  ordinal_ = out_.records++;
  if (raw_of.data() == nullptr) out_.spans.push_back({from, to - from});

  bool damaged = false;
  while (damage_ != nullptr && damage_next_ < damage_->size() && (*damage_)[damage_next_] < to) {
    damaged = damaged || (*damage_)[damage_next_] >= from;
    if ((*damage_)[damage_next_] < from) break;
    ++damage_next_;
  }
  if (damaged) {
    reject_record({}, "holds bytes that are no UTF-8");
  } else {
    map_record();
  }
  return after_;
}

void mapper::map_record() {
  if (raw_.size() > plan_.caps.record_bytes) {
    return reject_record({}, "is larger than " + std::to_string(plan_.caps.record_bytes) + " bytes");
  }
  if (walker_.deepest() > plan_.caps.depth) {
    return reject_record({}, "is nested deeper than " + std::to_string(plan_.caps.depth) + " levels");
  }
  const datum whole = read_token(*t_, first_);
  const bool inside =
      whole.is == datum::type::container && (whole.raw.front() == '{' || plan_.record.nodes[0].has_index);
  if (plan_.record.looks_inside() && !inside)
    return reject_record({}, "expected an object, got " + show(whole));
  if (!holds(plan_.where)) {
    ++out_.filtered;
    return;
  }
  std::vector<child> made;
  if (!make_children(made)) return;
  bool fed = plan_.into.empty() || !made.empty();
  for (const into_plan& into : plan_.into) fed = feed(into) || fed;
  ++(fed ? out_.mapped : out_.filtered);
  for (child& c : made) out_.children.push_back(std::move(c));
}

bool mapper::make_children(std::vector<child>& made) {
  for (const child_rule& rule : plan_.children) {
    if (holds(rule.when)) made.push_back({rule.stage, {}});
  }
  if (made.empty()) return true;
  std::string vars = "{";
  why_.clear();
  for (const auto& [name, v] : plan_.keep) {
    datum d;
    std::string text;
    bool good = evaluate(v, d, buffer_);
    if (good && !d.absent()) good = convert_.append_text(d, v, text);
    if (good && d.absent() && v.has_default) {
      d = read_constant(v.fallback);
      good = d.absent() || convert_.append_text(d, value{}, text);
    }
    if (!good) {
      reject_record("keep." + name, why_.empty() ? convert_.why() : why_);
      return false;
    }
    if (d.absent()) continue;
    if (vars.size() > 1) vars += ',';
    append_quoted(vars, "parent." + name);
    vars += ':';
    append_quoted(vars, text);
  }
  vars += '}';
  for (child& c : made) c.vars = vars;
  return true;
}

bool mapper::feed(const into_plan& into) {
  if (!into.explode.empty()) {
    feed_elements(into, 0);
    return true;
  }
  if (!holds(into.where)) return false;
  feed_row(into);
  return true;
}

void mapper::feed_elements(const into_plan& into, std::size_t level) {
  if (level == into.explode.size()) {
    if (holds(into.where)) feed_row(into);
    return;
  }
  const explode_step& step = into.explode[level];
  const datum all = at(step.at);
  if (all.absent()) return;
  if (all.is != datum::type::container) {
    writers_[into.stream].drop();
    return reject_row(into, step.at.pointer, "expected an array or an object to explode, got " + show(all));
  }
  const bool map = all.raw.front() == '{';
  const char close = map ? '}' : ']';
  frame& element = frames_[level + 1];
  std::uint32_t i = all.token + 1;
  if ((*t_)[i] == close) return;
  std::size_t index = 0;
  do {
    std::string_view raw;
    if (map) i = walker_.key(i, raw);
    if (!step.key.empty()) {
      element.key.clear();
      if (!map) element.key = std::to_string(index);
      else if (unescape(raw, element.key) != text_fault::none) element.key.clear();
    }
    i = walker_.walk(step.shape, i, element.slots, memories_[step.shape.id]);
    feed_elements(into, level + 1);
    ++index;
  } while (walker_.more(i, close));
}

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
  if (!convert_.put(d, c, out)) return false;
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
