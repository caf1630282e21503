#include "host/probe_report.hpp"

#include <algorithm>

#include "host/absent.hpp"
#include "host/outline.hpp"

namespace sluice::host {

namespace {

using data = nlohmann::ordered_json;
constexpr std::size_t most_refused = 10, most_fields = 80;

data exchange_json(const nlohmann::json& about) {
  data out;
  for (const char* key : {"for", "method", "url", "headers", "status", "reason", "type", "answer", "ms",
                          "bytes", "wire_bytes", "peer"}) {
    if (about.contains(key)) out[key] = about[key];
  }
  return out;
}

data page_json(const probed_page& p) {
  data out;
  out["exchanges"] = data::array();
  for (const wire_exchange& e : p.exchanges) out["exchanges"].push_back(exchange_json(e.about));
  out["ms"] = p.ms;
  if (p.failed)
    out["error"] = {
        {"code", p.failed->code()}, {"message", p.failed->message()}, {"retry", p.failed->retryable()}};
  if (!p.page) return out;
  out["bytes"] = p.page->body().size();
  out["end"] = p.page->end();
  if (!p.page->end()) out["next"] = p.page->next_state();
  if (const auto parts = p.page->parts(); !parts.empty()) out["parts"] = parts;
  if (p.page->declared_total() >= 0) out["total"] = p.page->declared_total();
  return out;
}

data column_json(const mapped_column& c) {
  data out{{"column", c.column}, {"from", c.from}, {"values", c.values}};
  if (c.pointer.empty()) return out;
  out["of"] = c.of;
  out["absent"] = c.absent;
  out["null"] = c.nulls;
  if (!c.why.empty()) out["instead"] = c.why;
  return out;
}

data mapping_json(const mapping_sight& m, const std::string& records) {
  data out{{"at", records},
           {"records", m.records},
           {"mapped", m.mapped},
           {"filtered", m.filtered},
           {"rejected", m.rejected}};
  if (m.failed) {
    out["error"] = {
        {"code", m.failed->code()}, {"message", m.failed->message()}, {"retry", m.failed->retryable()}};
    if (!m.why_no_records.empty()) out["instead"] = m.why_no_records;
  }
  out["into"] = data::array();
  for (const mapped_into& i : m.into) {
    data one{{"stream", i.stream}};
    if (!i.explode.empty()) one["explode"] = i.explode;
    one["rows"] = i.rows;
    one["rejected"] = i.rejected;
    one["columns"] = data::array();
    for (const mapped_column& c : i.columns) one["columns"].push_back(column_json(c));
    out["into"].push_back(std::move(one));
  }
  out["refused"] = data::array();
  for (std::size_t i = 0; i < std::min(most_refused, m.refused.size()); ++i) {
    const refused_row& r = m.refused[i];
    out["refused"].push_back({{"record", r.ordinal},
                              {"stream", r.stream},
                              {"key", r.key},
                              {"field", r.field},
                              {"reason", r.reason}});
  }
  out["refused_in_all"] = m.refused.size();
  return out;
}

data fields_json(const std::vector<outline_field>& fields) {
  data out = data::array();
  for (std::size_t i = 0; i < std::min(most_fields, fields.size()); ++i) {
    const outline_field& f = fields[i];
    out.push_back(
        {{"at", f.pointer}, {"types", f.types}, {"in", f.in}, {"unique", f.unique}, {"example", f.example}});
  }
  return out;
}

header_list headers_of(const nlohmann::json* exchange) {
  header_list out;
  if (exchange == nullptr) return out;
  for (const auto& h : exchange->value("answer", nlohmann::json::array()))
    out.emplace_back(h.at(0).get<std::string>(), h.at(1).get<std::string>());
  return out;
}

std::vector<const json_tree*> objects_at(const json_tree& tree, const std::string& pointer) {
  std::vector<const json_tree*> out;
  const json_tree* at = at_pointer(tree, pointer);
  if (at == nullptr) return out;
  if (at->holds(json_tree::type::object)) return {at};
  for (const json_tree& r : at->items) {
    if (r.holds(json_tree::type::object)) out.push_back(&r);
  }
  return out;
}

// The shape of an answer for which there is no mapping yet.
data outline_json(const probed_page& p, const std::string& wanted) {
  const std::optional<json_tree> tree = page_tree({p.format(), p.body()});
  if (!tree) return {{"is", "no JSON"}};
  data out{{"is", show_value(*tree)}};
  if (tree->holds(json_tree::type::object)) out["top"] = fields_json(fields_of({&*tree}));
  const auto places = record_places(*tree);
  out["records"] = data::array();
  for (const record_place& place : places)
    out["records"].push_back({{"at", place.pointer}, {"count", place.count}, {"objects", place.objects}});
  const bool asked = !wanted.empty();
  if (!asked && (places.empty() || !places.front().objects)) return out;
  const std::string at = asked ? wanted : places.front().pointer;
  const auto records = objects_at(*tree, at);
  if (records.empty() && asked) out["instead"] = why_no_records(*tree, at);
  const auto fields = fields_of(records);
  out["looked_at"] = {{"at", at}, {"objects", records.size()}};
  out["fields"] = fields_json(fields);
  out["keys"] = key_candidates(fields, records.size());
  if (p.exchange() == nullptr) return out;  // a file has no further pages to ask for
  out["paging"] = data::array();
  for (const paging_hint& h : paging_hints(*tree, at, headers_of(p.exchange())))
    out["paging"].push_back({{"found", h.found}, {"page", h.page}});
  return out;
}

}  // namespace

data to_json(const probe_result& r) {
  data out{{"source", r.ask.source}};
  if (!r.ask.stage.empty()) out["read"] = r.ask.stage;
  out["tenant"] = r.ask.tenant;
  if (!r.ask.vars.empty()) out["variables"] = r.ask.vars;
  out["request"] = data::parse(r.ask.request);
  out["pages"] = data::array();
  for (const probe_step& s : r.steps) {
    data page = page_json(s.page);
    if (s.mapping) page["mapping"] = mapping_json(*s.mapping, r.ask.records);
    else if (!s.page.failed) page["outline"] = outline_json(s.page, r.ask.records);
    out["pages"].push_back(std::move(page));
  }
  return out;
}

}  // namespace sluice::host
