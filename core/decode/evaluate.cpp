// Values, conditions and rejects of the record at hand.
#include "decode/mapper.hpp"
#include "decode/text.hpp"

namespace sluice::decode {

bool mapper::holds(const conditions& all) {
  for (const condition& c : all) {
    const datum d = c.key_level == 0 ? at(c.at) : datum{datum::type::text, false, frames_[c.key_level].key};
    bool good = false;
    switch (c.test) {
      case condition::test::is: good = convert_.equals(d, c.with, text_only_); break;
      case condition::test::is_not: good = !convert_.equals(d, c.with, text_only_); break;
      case condition::test::prefix: good = convert_.has_prefix(d, c.with.text); break;
      case condition::test::exists: good = d.absent() != c.with.truth; break;
    }
    if (!good) return false;
  }
  return true;
}

bool mapper::evaluate_made(const value& v, datum& out, std::string& buffer) {
  why_.clear();
  switch (v.from) {
    case value::source::pointer: return evaluate_first(v, out);
    case value::source::constant: out = read_constant(v.fixed); return true;
    case value::source::concat: return evaluate_concat(v, out, buffer);
    case value::source::any: return evaluate_any(v, out, buffer);
    case value::source::text_template: break;
  }
  evaluate_template(v, out, buffer);
  return true;
}

bool mapper::evaluate_first(const value& v, datum& out) {
  const datum all = at(v.at);
  if (all.absent()) {
    out = all;
    return true;
  }
  if (all.is != datum::type::container || all.raw.front() != '[') {
    why_ = "expected an array, got " + show(all);
    return false;
  }
  out = {};
  std::uint32_t i = all.token + 1;
  if ((*t_)[i] == ']') return true;
  do {
    i = walker_.walk(v.first->shape, i, frames_[element_level].slots, memories_[v.first->shape.id]);
    if (holds(v.first->where)) {
      out = at(v.first->then);
      return true;
    }
  } while (walker_.more(i, ']'));
  return true;
}

bool mapper::evaluate_any(const value& v, datum& out, std::string& buffer) {
  static const value plain;
  out = {};
  for (const value& part : v.parts) {
    if (!evaluate(part, out, buffer)) return false;
    if (part.from != value::source::any) taken_ = &part;
    if (out.absent() && part.has_default) {
      out = read_constant(part.fallback);
      taken_ = &plain;
    }
    if (!out.absent()) break;
  }
  return true;
}

bool mapper::evaluate_concat(const value& v, datum& out, std::string& buffer) {
  std::string text;
  out = {};
  for (const value& part : v.parts) {
    datum d;
    std::string inner;
    if (!evaluate(part, d, inner)) return false;
    if (d.absent() && part.has_default) d = read_constant(part.fallback);
    if (d.absent()) return true;
    if (!convert_.append_text(d, how(part), text)) {
      why_ = convert_.why();
      return false;
    }
  }
  buffer = std::move(text);
  out = {datum::type::text, false, buffer};
  return true;
}

std::optional<std::string> mapper::expand(const value& v) const {
  std::string text;
  for (const piece& p : v.pieces) {
    if (p.is == piece::type::literal) {
      text += p.text;
    } else if (p.is == piece::type::loop_key) {
      text += frames_[p.level].key;
    } else {
      const auto found = vars_.find(p.text);
      if (found == vars_.end()) return std::nullopt;
      text += found->second;
    }
  }
  return text;
}

void mapper::evaluate_template(const value& v, datum& out, std::string& buffer) {
  out = {};
  if (v.page_text != nowhere) {
    auto& known = page_texts_[v.page_text];
    if (!known) known = expand(v);
    if (*known) out = {datum::type::text, false, **known};
  } else if (auto text = expand(v)) {
    buffer = std::move(*text);
    out = {datum::type::text, false, buffer};
  }
}

void mapper::reject_record(std::string field, std::string reason) {
  ++out_.rejected;
  add_reject({ordinal_, {}, {}, std::move(field), std::move(reason), {}});
}

void mapper::reject_row(const into_plan& into, std::string field, std::string reason) {
  stream_writer& w = writers_[into.stream];
  const column_builder& id = w.row()[w.plan().external_id];
  std::string key = id.is_set() ? excerpt(id.pending_text(), plan_.caps.key_bytes) : std::string();
  add_reject({ordinal_, w.schema().name, std::move(key), std::move(field), std::move(reason), {}});
}

void mapper::add_reject(reject r) {
  if (kept_bytes_ < plan_.caps.rejects_bytes) r.raw = excerpt(raw_, plan_.caps.reject_bytes);
  kept_bytes_ += r.raw.size();
  out_.rejects.push_back(std::move(r));
}

}  // namespace sluice::decode
