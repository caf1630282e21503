#include "host/reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include <sluice/batch_builder.hpp>

#include "decode/csv.hpp"
#include "engine/failpoint.hpp"
#include "engine/row_hash.hpp"
#include "host/optional_columns.hpp"
#include "host/ports.hpp"

namespace sluice::host {

using boost::asio::awaitable;
using engine::failure;
using engine::failure_class;

namespace {

decode::format format_of(plugin::page_format f) {
  switch (f) {
    case plugin::page_format::ndjson: return decode::format::ndjson;
    case plugin::page_format::csv: return decode::format::csv;
    case plugin::page_format::json: return decode::format::json;
    case plugin::page_format::arrow: break;
  }
  throw failure(failure_class::invalid, "SLU-6021",
                "the source hands over Arrow batches, which this version of sluice can't map yet");
}

// Records that gave a row which could not be read. Such a row's key is not known for certain, so the record counts
// as one that could not be read: no sweep may then take what it stands for as vanished.
std::int64_t records_of_unread_rows(const decode::result& decoded) {
  std::set<std::int64_t> ordinals;
  for (const decode::reject& r : decoded.rejects) {
    if (!r.stream.empty()) ordinals.insert(r.ordinal);
  }
  return static_cast<std::int64_t>(ordinals.size());
}

void add_parts(const engine::read_request& request, const plugin::page& from, engine::page& out) {
  for (std::string& place : from.parts()) {
    auto vars = nlohmann::json::parse(request.vars.empty() ? "{}" : request.vars);
    vars[reader::place_name] = std::move(place);
    out.children.push_back({request.stage, {}, vars.dump()});
  }
}

// A record of a CSV page says nothing without the header.
void add_header(const decode::page& raw, std::vector<engine::reject>& rejects) {
  if (rejects.empty()) return;
  decode::csv_reader csv(raw.bytes);
  std::vector<decode::csv_field> fields;
  if (!csv.next(fields)) return;
  for (engine::reject& r : rejects) {
    if (!r.raw.empty()) r.raw = std::string(csv.raw()) + "\n" + r.raw;
  }
}

// The greatest value of a column that says when its row changed, in microseconds since 1970.
std::optional<std::int64_t> greatest(const column_view& column, column_type type, const std::string& as,
                                     std::int64_t rows) {
  std::optional<std::int64_t> out;
  for (std::int64_t i = 0; i < rows; ++i) {
    if (column.is_null(i)) continue;
    const std::int64_t v = type == column_type::date ? column.date(i) : column.int64(i);
    out = out ? std::max(*out, v) : v;
  }
  if (!out || type == column_type::timestamp) return out;
  if (type == column_type::date) return *out * 86'400'000'000;
  return *out * (as == "epoch_ms" ? 1'000 : 1'000'000);
}

}  // namespace

reader::reader(reader_setup setup) : setup_(setup), answers_(setup.executor, setup.clock) {
  for (const manifest::source& s : setup_.pipeline.sources) open_source(s);
  for (const manifest::domain& d : setup_.pipeline.domains) open_entry(d);
  for (const manifest::read& r : setup_.pipeline.reads) {
    stages_.emplace(r.stage, open_stage(r, r.request, r.decode, r.incremental.has_value()));
    if (r.subject) subjects_.emplace(r.stage, open_stage(r, r.subject->request, r.subject->decode, false));
  }
}

reader::~reader() = default;

void reader::open_source(const manifest::source& source) {
  source_work& w = sources_[source.name];
  const auto component = setup_.loader.open(plugin::component_kind::source, source.uses);
  w.instance = std::make_unique<plugin::source_instance>(component, setup_.services, source.config);
  w.lanes =
      std::make_unique<source_lanes>(setup_.executor, setup_.clock,
                                     request_limits{source.limits.rate_per_second, source.limits.in_flight,
                                                    source.limits.essential_reserved});
  w.by_tenant = texts_by_tenant(source.config);
  for (const char* sign : {"${tenant}", "${tenant.vars."})
    w.tells_tenants = w.tells_tenants || source.config.find(sign) != std::string::npos;
}

void reader::open_entry(const manifest::domain& domain) {
  entry_work& w = entries_[domain.name];
  w.component = setup_.loader.open(plugin::component_kind::domain, domain.uses);
  w.uses = domain.uses;
  w.config = domain.config.empty() ? "{}" : domain.config;
}

reader::stage_work reader::open_stage(const manifest::read& read, const std::string& request,
                                      const std::string& mapping, bool incremental) {
  stage_work w;
  w.read = &read;
  w.source = &sources_.at(read.from);
  w.entry = &entries_.at(read.entry);
  const std::string records = nlohmann::json::parse(mapping).at("records").get<std::string>();
  nlohmann::json ask{{"records", records}};
  ask["request"] = request.empty() ? nlohmann::json::object() : nlohmann::json::parse(request);
  // What an incremental read asks for besides counts when it has something to ask `since`.
  w.question = read.from + " " + ask.dump();
  if (incremental && !read.incremental->param.empty())
    ask["incremental"] = {{"param", w.since_param = read.incremental->param}};
  w.who_ask = &asked_[w.question];
  asked_[w.question].insert(read.stage);
  ask["name"] = read.stage;
  w.handle = w.source->instance->prepare(ask.dump());
  w.program = std::make_unique<decode::program>(decode::compile(mapping, w.entry->component.item->streams));
  w.optional = optional_columns(*w.program);
  for (const stream_schema& s : w.program->streams()) {
    w.layouts.push_back(wire_layout(s));
    w.watermarks.push_back(incremental ? column_index(w.layouts.back(), read.incremental->column) : -1);
  }
  return w;
}

// An item with a subject is that subject's, whatever run it belongs to.
const reader::stage_work& reader::work_of(const engine::read_request& request) const {
  const bool of_subject = !request.vars.empty() && nlohmann::json::parse(request.vars).contains("subject");
  const auto found = subjects_.find(request.stage);
  return of_subject && found != subjects_.end() ? found->second : stages_.at(request.stage);
}

std::map<std::string, std::string, std::less<>> reader::variables(const engine::read_request& request) const {
  std::map<std::string, std::string, std::less<>> vars;
  vars.emplace("tenant", request.tenant);
  const auto& known = setup_.pipeline.tenants.known;
  if (const auto tenant = known.find(request.tenant); tenant != known.end()) {
    for (const auto& [name, value] : tenant->second.vars) vars.emplace("tenant.vars." + name, value);
  }
  const nlohmann::json own = nlohmann::json::parse(request.vars.empty() ? "{}" : request.vars);
  for (const auto& [name, value] : own.items()) {
    if (name != place_name) vars.emplace(name, value.get<std::string>());
  }
  return vars;
}

awaitable<engine::page> reader::read(const engine::read_request& request) {
  const stage_work& stage = work_of(request);
  const auto call = std::make_shared<plugin::call_scope>(
      plugin::call_values{request.tenant, request.run_id, request.correlation_id, {}, 0, request.essential});
  const answer got = co_await find_answer(stage, request, call);
  const plugin::page& fetched = *got.page;
  if (request.on_next && !fetched.end()) request.on_next(std::string(fetched.next_state()));
  engine::page page =
      co_await on_pool(setup_.pool, turn_of(request), setup_.executor, stage.entry->uses, [&] {
        return make_page(stage, request, *call, {format_of(fetched.format()), fetched.body()});
      });
  add_parts(request, fetched, page);
  page.next_state = fetched.next_state();
  page.end = fetched.end();
  page.declared_total = fetched.declared_total();
  page.requested_at_us = got.sent_at_us;
  co_return page;
}

awaitable<engine::page> reader::read_again(const engine::read_request& request, decode::page raw) {
  const stage_work& stage = work_of(request);
  const plugin::call_scope call(
      {request.tenant, request.run_id, request.correlation_id, {}, 0, request.essential});
  co_return co_await on_pool(setup_.pool, turn_of(request), setup_.executor, stage.entry->uses,
                             [&] { return make_page(stage, request, call, raw); });
}

const stream_schema* reader::find_stream(const std::string& stage, const std::string& stream) const {
  const auto at = stages_.find(stage);
  if (at == stages_.end()) return nullptr;
  for (const stream_schema& s : at->second.program->streams()) {
    if (s.name == stream) return &s;
  }
  return nullptr;
}

std::unique_ptr<reader::worker_slot> reader::take_slot(entry_work& entry) {
  {
    const std::lock_guard lock(entry.mutex);
    if (!entry.idle.empty()) {
      auto slot = std::move(entry.idle.back());
      entry.idle.pop_back();
      return slot;
    }
  }
  auto slot = std::make_unique<worker_slot>();
  slot->domain = std::make_unique<plugin::domain_instance>(entry.component, setup_.services, entry.config);
  return slot;
}

engine::page reader::make_page(const stage_work& stage, const engine::read_request& request,
                               const plugin::call_scope& call, const decode::page& raw) try {
  auto slot = take_slot(*stage.entry);
  decode::result decoded = decode::decode(*stage.program, raw, variables(request), slot->scratch);
  engine::page out;
  out.records = {decoded.records, decoded.mapped, decoded.filtered, decoded.rejected};
  if (const std::int64_t unread = records_of_unread_rows(decoded); unread > 0) {
    out.records.mapped -= unread;
    out.records.rejected += unread;
  }
  for (decode::reject& r : decoded.rejects) {
    out.rejects.push_back({r.ordinal, std::move(r.stream), std::move(r.key), std::move(r.field),
                           std::move(r.reason), std::move(r.raw)});
  }
  for (std::size_t i = 0; i < decoded.streams.size(); ++i) {
    take_stream(stage, i, call, *slot->domain, decoded, raw, out);
  }
  for (decode::child& c : decoded.children)
    out.children.push_back({std::move(c.stage), {}, std::move(c.vars)});
  if (raw.as == decode::format::csv) add_header(raw, out.rejects);
  out.bytes = raw.bytes.size();
  SLUICE_FAILPOINT("read.after_decode");
  const std::lock_guard lock(stage.entry->mutex);
  stage.entry->idle.push_back(std::move(slot));
  return out;
} catch (const plugin::error& e) {
  throw to_failure(e);
} catch (const decode::error& e) {
  throw failure(e.retry() ? failure_class::transient : failure_class::invalid, std::string(e.code()),
                e.what());
}

void reader::take_stream(const stage_work& stage, std::size_t index, const plugin::call_scope& call,
                         plugin::domain_instance& domain, decode::result& decoded, const decode::page& raw,
                         engine::page& out) {
  decode::stream_rows& from = decoded.streams[index];
  if (from.batches.empty() && from.rejected == 0) return;
  if (from.batches.size() > 1) {
    throw failure(failure_class::invalid, "SLU-6025",
                  "one page gives " + std::to_string(from.rows) + " rows of `" + from.schema->name +
                      "`, more than a batch holds; ask the upstream for smaller pages");
  }
  engine::stream_rows rows;
  rows.schema = &stage.program->streams()[index];
  rows.optional = &stage.optional[index];
  const auto& layout = stage.layouts[index];
  rows.rows = from.batches.empty() ? batch_builder(layout).finish() : std::move(from.batches.front());
  std::vector<plugin::rejected_row> refused;
  if (domain.transforms() && rows.rows.get().length > 0) {
    source_health::request watched(setup_.health,
                                   health_name(setup_.pipeline.name, plugin_name(stage.entry->uses)));
    refused = domain.transform(call, rows.schema->name, rows.rows);
    watched.good();
  }
  const batch_view view(rows.rows.get());
  if (!refused.empty()) rows.refused.resize(static_cast<std::size_t>(view.rows()), 0);
  const auto key = static_cast<std::size_t>(column_index(layout, rows.schema->key.back()));
  for (const plugin::rejected_row& r : refused) {
    rows.refused[static_cast<std::size_t>(r.row)] = 1;
    const std::int64_t ordinal = from.ordinals[static_cast<std::size_t>(r.row)];
    out.rejects.push_back({ordinal, rows.schema->name, std::string(view[key].text(r.row)), r.field, r.reason,
                           decoded.raw(raw, ordinal)});
  }
  if (const int at = stage.watermarks[index]; at >= 0) {
    const auto column = static_cast<std::size_t>(at);
    const auto high = greatest(view[column], layout[column].type, stage.read->incremental->as, view.rows());
    out.high_us = std::max(out.high_us, high);
  }
  rows.hashes = engine::hash_rows(view, layout);
  out.streams.push_back(std::move(rows));
}

}  // namespace sluice::host
