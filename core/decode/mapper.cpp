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
  if (!p.parse.empty()) unfolder_ = std::make_unique<unfolder>();
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
  } else if (plan_.parse.empty() || unfold({t.text + from, to - from})) {
    map_record();
  }
  return after_;
}

// Goes on with the record in which the texts of `parse` are the JSON that they hold; `raw_` stays as it came.
bool mapper::unfold(std::string_view record) {
  const unfolder::outcome made = unfolder_->unfold(*t_, record, plan_.parse, frames_[0].slots);
  if (!made.why.empty()) {
    reject_record(made.where, made.why);
    return false;
  }
  if (made.text == nullptr) return true;
  t_ = made.text;
  first_ = 0;
  walker_.restart(*t_);
  (void)walker_.walk(plan_.record, 0, frames_[0].slots, memories_[plan_.record.id]);
  return true;
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
    if (good && !d.absent()) good = convert_.append_text(d, how(v), text);
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

}  // namespace sluice::decode
