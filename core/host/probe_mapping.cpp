#include "host/probe_mapping.hpp"

#include <algorithm>

#include <sluice/batch.hpp>

#include "decode/text.hpp"
#include "host/absent.hpp"
#include "host/reader.hpp"
#include "observe/instant.hpp"

namespace sluice::host {

namespace {

using nlohmann::json;
using type = enum json_tree::type;
constexpr std::size_t shown_rows = 3;

std::string cell_text(const column_view& c, column_type t, std::int64_t row) {
  constexpr std::int64_t day_us = 86'400'000'000;
  if (c.is_null(row)) return "null";
  switch (t) {
    case column_type::boolean: return c.boolean(row) ? "true" : "false";
    case column_type::int64: return std::to_string(c.int64(row));
    case column_type::float64: return json(c.float64(row)).dump();
    case column_type::date: return observe::rfc3339(c.date(row) * day_us).substr(0, 10);
    case column_type::timestamp: return observe::rfc3339(c.int64(row));
    default: return std::string(c.text(row));
  }
}

std::string words_of(const json& value) {
  if (value.size() == 1) {
    for (const char* key : {"at", "template"}) {
      if (value.contains(key))
        return value[key].get<std::string>().empty() ? "\"\"" : value[key].get<std::string>();
    }
    if (value.contains("const")) return "constant " + value["const"].dump();
  }
  if (value.size() == 2 && value.contains("at") && value.contains("as"))
    return value["at"].get<std::string>() + " as " + value["as"].get<std::string>();
  return value.dump();
}

// The one pointer that a value comes from.
std::string pointer_of(const json& value) {
  return value.contains("at") && value["at"].is_string() ? value["at"].get<std::string>() : std::string();
}

// `^/x` is one level further out.
std::pair<const json_tree*, std::string> place_in(const element_path& path, const std::string& pointer) {
  const std::size_t up = std::min(pointer.find_first_not_of('^'), pointer.size());
  return {path[path.size() - 1 - std::min(up, path.size() - 1)], pointer.substr(up)};
}

void count_missing(mapped_column& c, const element_path& path) {
  const auto [from, pointer] = place_in(path, c.pointer);
  const json_tree* at = at_pointer(*from, pointer);
  ++c.of;
  if (at != nullptr && !at->holds(type::null)) return;
  ++(at == nullptr ? c.absent : c.nulls);
  if (c.why.empty() && at == nullptr) c.why = why_missing(*from, pointer).text();
}

std::vector<const json_tree*> records_in(const json_tree* page, const std::string& pointer) {
  std::vector<const json_tree*> out;
  const json_tree* at = page == nullptr ? nullptr : at_pointer(*page, pointer);
  if (at != nullptr && at->holds(type::object)) out.push_back(at);
  if (at == nullptr || !at->holds(type::list)) return out;
  for (const json_tree& r : at->items) {
    if (r.holds(type::object)) out.push_back(&r);
  }
  return out;
}

void descend(const element_path& path, const json& explode, std::size_t step,
             std::vector<element_path>& out) {
  if (step == explode.size()) return out.push_back(path);
  const auto [from, pointer] = place_in(path, explode[step].value("at", ""));
  const json_tree* at = at_pointer(*from, pointer);
  if (at == nullptr) return;
  for (const json_tree& item : at->items) {
    element_path deeper = path;
    deeper.push_back(&item);
    descend(deeper, explode, step + 1, out);
  }
}

engine::failure as_failure(const decode::error& e) {
  return {e.retry() ? engine::failure_class::transient : engine::failure_class::invalid,
          std::string(e.code()), e.what()};
}

}  // namespace

std::vector<element_path> elements_of(const json_tree& record, const json& explode) {
  std::vector<element_path> out;
  descend({&record}, explode.is_array() ? explode : json::array(), 0, out);
  return out;
}

mapping_probe::mapping_probe(prober& host, const probed_read& of)
    : host_(host),
      of_(of),
      domain_(host.setup().loader.open(plugin::component_kind::domain,
                                       host.setup().pipeline.find_domain(of.read->entry)->uses)),
      spec_(json::parse(of.mapping)),
      call_({of.ask.tenant, {}, {}, {}, 0, true}),
      transforms_(domain_, host, [&] {
        const std::string& config = host.setup().pipeline.find_domain(of.read->entry)->config;
        return config.empty() ? std::string("{}") : config;
      }()) {}

mapping_sight mapping_probe::look(const probed_page& page) {
  mapping_sight out;
  const decode::page raw{page.format(), page.body()};
  std::optional<json_tree> tree = page_tree(raw);
  for (const json& pointer : spec_.value("parse", json::array())) {
    if (tree) unfold(*tree, of_.ask.records, pointer.get<std::string>());
  }
  try {
    look_at(raw, tree ? &*tree : nullptr, out);
  } catch (const decode::error& e) {
    out.failed = as_failure(e);
    if (tree && e.code() == decode::codes::no_records)
      out.why_no_records = why_no_records(*tree, of_.ask.records);
  } catch (const plugin::error& e) {
    out.failed = to_failure(e);
  }
  return out;
}

void mapping_probe::look_at(const decode::page& raw, const json_tree* tree, mapping_sight& out) {
  const decode::program all = decode::compile(of_.mapping, domain_.item->streams);
  const decode::result found = decode::decode(all, raw, host_.variables(of_.ask));
  out.records = found.records;
  out.mapped = found.mapped;
  out.filtered = found.filtered;
  out.rejected = found.rejected;
  for (const decode::reject& r : found.rejects)
    out.refused.push_back({r.ordinal, r.stream, r.key, r.field, r.reason});
  for (const decode::child& c : found.children) {
    const auto same = [&](const auto& known) { return known.first == c.stage; };
    if (std::ranges::none_of(out.children, same)) out.children.emplace_back(c.stage, c.vars);
  }
  const auto records = records_in(tree, of_.ask.records);
  for (std::size_t i = 0; i < spec_.value("into", json::array()).size(); ++i) look_into(i, raw, records, out);
}

// Each `into` by itself: two of them may feed one stream.
void mapping_probe::look_into(std::size_t index, const decode::page& raw,
                              const std::vector<const json_tree*>& records, mapping_sight& out) {
  const json& spec = spec_["into"][index];
  json alone = spec_;
  alone["into"] = json::array({spec});
  const decode::program program = decode::compile(alone.dump(), domain_.item->streams);
  decode::result found = decode::decode(program, raw, host_.variables(of_.ask));
  mapped_into into;
  into.stream = spec.at("stream").get<std::string>();
  const json explode = spec.value("explode", json::array());
  for (const json& step : explode) into.explode += (into.explode.empty() ? "" : ", ") + step.value("at", "");
  for (const auto& [name, value] : spec.at("map").items()) {
    mapped_column c{name, words_of(value), pointer_of(value), {}, value.contains("default"), 0, 0, 0, {}};
    for (const json_tree* r : records) {
      if (c.pointer.empty()) break;
      for (const element_path& path : elements_of(*r, explode)) count_missing(c, path);
    }
    into.columns.push_back(std::move(c));
  }
  for (decode::stream_rows& rows : found.streams) take_rows(rows, into, out);
  out.into.push_back(std::move(into));
}

void mapping_probe::take_rows(decode::stream_rows& rows, mapped_into& into, mapping_sight& out) {
  into.rows += rows.rows;
  into.rejected += rows.rejected;
  if (rows.batches.empty()) return;
  array_handle& batch = rows.batches.front();
  const auto layout = wire_layout(*rows.schema);
  const auto key = static_cast<std::size_t>(column_index(layout, rows.schema->key.back()));
  if (transforms_.transforms()) {
    const auto refused = transforms_.transform(call_, rows.schema->name, batch);
    const batch_view view(batch.get());
    for (const plugin::rejected_row& r : refused) {
      out.refused.push_back({rows.ordinals[static_cast<std::size_t>(r.row)], rows.schema->name,
                             std::string(view[key].text(r.row)), r.field, r.reason});
    }
    into.rejected += static_cast<std::int64_t>(refused.size());
  }
  const batch_view view(batch.get());
  for (mapped_column& c : into.columns) {
    const int at = column_index(layout, c.column);
    for (std::int64_t row = 0; at >= 0 && row < std::min<std::int64_t>(view.rows(), shown_rows); ++row) {
      const auto column = static_cast<std::size_t>(at);
      c.values.push_back(decode::one_line(cell_text(view[column], layout[column].type, row), 80));
    }
  }
}

}  // namespace sluice::host
