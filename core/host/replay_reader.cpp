#include "host/replay_reader.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include <sluice/batch_builder.hpp>

#include "decode/text.hpp"
#include "engine/row_hash.hpp"
#include "store/prepare.hpp"
#include "store/row_codec.hpp"

namespace sluice::host {

using boost::asio::awaitable;
using engine::failure;
using engine::failure_class;

namespace {

constexpr int at_once = 256;
constexpr std::int64_t first_instant_us = 1;  // of the page that ends a stage and brings nothing
constexpr std::size_t raw_limit = 64U << 10;

// Why the record can't be brought again as it came; empty: it can.
std::string why_not(const engine::kept_reject& r) {
  if (r.raw.empty()) return "its record was not kept: the page had too many rejects";
  // Cut at a character's end, so a few bytes short of the limit.
  if (r.raw.size() + 4 > raw_limit) return "its record was cut at 64 KiB";
  if (r.reason.find("no UTF-8") != std::string::npos)
    return "its bytes were no text and were not kept as they came";
  if (r.ordinal == store::row_ordinal) {
    if (nlohmann::json::parse(r.raw, nullptr, false).is_discarded()) return "its row can't be read any more";
    return {};
  }
  return r.requested_us == 0 ? "it is not known any more when its page was asked for" : "";
}

bool is_json(const std::string& raw) {
  const std::size_t first = raw.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return false;
  return raw[first] == '{' || raw[first] == '[' || raw.find('\n') == std::string::npos;
}

std::string in_one_line(std::string json) {
  std::replace_if(
      json.begin(), json.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return json;
}

// A page that has the record, alone, where the pointer says that records are.
std::string at_pointer(const std::string& pointer, const std::string& record) {
  std::string out = "[" + record + "]";
  const auto names = decode::split_pointer(pointer).value_or(std::vector<std::string>{});
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    out = "{" + nlohmann::json(*name).dump() + ":" + out + "}";
  }
  return out;
}

std::string key_of(const stream_schema& schema, const std::vector<column>& layout, const batch_view& view,
                   std::int64_t row) {
  std::string out;
  for (const std::string& k : schema.key) {
    if (!out.empty()) out += store::key_separator;
    out += view[static_cast<std::size_t>(column_index(layout, k))].text(row);
  }
  return out;
}

// The same rows without those that are marked.
engine::stream_rows without(const engine::stream_rows& from, const std::vector<bool>& drop) {
  const auto layout = wire_layout(*from.schema);
  const batch_view view(from.rows.get());
  batch_builder rows(layout);
  engine::stream_rows out;
  out.schema = from.schema;
  for (std::size_t i = 0; i < drop.size(); ++i) {
    if (drop[i]) continue;
    store::decode_row(store::encode_row(view, layout, static_cast<std::int64_t>(i)), layout, rows);
    out.hashes.push_back(from.hashes[i]);
    if (!from.refused.empty()) out.refused.push_back(from.refused[i]);
  }
  out.rows = rows.finish();
  return out;
}

// The parent that a row waited for in vain; empty: it was refused for something else.
std::optional<std::pair<std::string, std::string>> awaited(const stream_schema& schema,
                                                           const batch_view& view, const std::string& field) {
  const auto layout = wire_layout(schema);
  for (const reference& r : schema.references) {
    if (r.name != field) continue;
    std::string key;
    for (const std::string& c : r.columns) {
      if (!key.empty()) key += store::key_separator;
      key += view[static_cast<std::size_t>(column_index(layout, r.name + "." + c))].text(0);
    }
    return std::pair(r.to, key);
  }
  return std::nullopt;
}

}  // namespace

awaitable<std::vector<engine::kept_reject>> replay_reader::more(const engine::read_request& request,
                                                                std::int64_t after) {
  const engine::reject_query q{ask_.tenant,   pipeline_.name, ask_.run_id, request.run_id,
                               request.stage, after,          at_once};
  co_return co_await host_.store().call(engine::urgency::background,
                                        [&q](engine::session& s) { return s.inspect().rejects(q); });
}

awaitable<engine::page> replay_reader::read(const engine::read_request& request) {
  std::int64_t after = 0;
  std::from_chars(request.page_state.data(), request.page_state.data() + request.page_state.size(), after);
  for (;;) {
    request.stop->throw_if_stopped();
    const auto found = co_await more(request, after);
    if (found.empty()) break;
    const engine::kept_reject& first = found.front();
    after = first.id;
    if (first_of_.contains(first.id)) continue;
    group rejects{first};
    for (const engine::kept_reject& r : found) {
      const bool same = r.run_id == first.run_id && r.item == first.item && r.page_seq == first.page_seq &&
                        r.ordinal == first.ordinal && r.raw == first.raw;
      if (!same || r.id == first.id) continue;
      first_of_.emplace(r.id, first.id);
      rejects.push_back(r);
    }
    tally told;
    told.rejects = static_cast<std::int64_t>(rejects.size());
    auto page = co_await bring(request, rejects, told);
    tallies_.insert_or_assign(first.id, std::pair(first, told));
    if (!page) continue;
    page->next_state = std::to_string(after);
    co_return std::move(*page);
  }
  engine::page last;
  last.end = true;
  last.requested_at_us = first_instant_us;
  co_return last;
}

awaitable<std::optional<engine::page>> replay_reader::bring(const engine::read_request& request,
                                                            const group& rejects, tally& told) {
  const engine::kept_reject& first = rejects.front();
  if (const std::string why = why_not(first); !why.empty()) {
    told.left = why;
    co_return std::nullopt;
  }
  std::optional<engine::page> page;
  try {
    if (first.ordinal == store::row_ordinal) page = co_await make_row(request, first);
    else page = co_await decode(request, first);
  } catch (const failure& f) {
    if (f.kind() != failure_class::invalid && f.kind() != failure_class::not_found) throw;
    told.left = f.message();
    co_return std::nullopt;
  }
  if (page->records.records != 1) {
    told.left = "it can't be read as one record any more";
    co_return std::nullopt;
  }
  co_await drop_stale(*page, told);
  for (const engine::kept_reject& r : rejects) page->replayed.push_back(r.id);
  for (engine::reject& r : page->rejects) {
    r.ordinal = first.ordinal;
    r.raw = first.raw;
  }
  told.refused_again = static_cast<std::int64_t>(page->rejects.size());
  told.children = static_cast<std::int64_t>(page->children.size());
  page->children.clear();
  page->high_us.reset();
  co_return std::move(*page);
}

awaitable<engine::page> replay_reader::decode(const engine::read_request& request,
                                              const engine::kept_reject& reject) {
  engine::read_request as_it_was = request;
  as_it_was.vars = reject.vars;
  as_it_was.page_state.clear();
  const manifest::read* read = pipeline_.find_read(request.stage);
  std::string body = reject.raw;
  decode::page raw{decode::format::csv, {}};
  if (is_json(body)) {
    raw.as = read->records.empty() ? decode::format::ndjson : decode::format::json;
    body = read->records.empty() ? in_one_line(body) : at_pointer(read->records, body);
  }
  raw.bytes = body;
  engine::page page = co_await host_.sources().read_again(as_it_was, raw);
  page.requested_at_us = reject.requested_us;
  co_return page;
}

// What the store itself has refused is a row already.
awaitable<engine::page> replay_reader::make_row(const engine::read_request& request,
                                                const engine::kept_reject& reject) {
  const stream_schema* schema = host_.sources().find_stream(request.stage, reject.stream);
  if (schema == nullptr) {
    throw failure(failure_class::not_found, "SLU-6054",
                  "the stage feeds no stream `" + reject.stream + "` any more");
  }
  const auto layout = wire_layout(*schema);
  batch_builder made(layout);
  store::decode_row(reject.raw, layout, made);
  engine::stream_rows rows;
  rows.schema = schema;
  rows.rows = made.finish();
  const batch_view view(rows.rows.get());
  if (const auto parent = awaited(*schema, view, reject.field)) {
    const bool there = co_await host_.store().call(engine::urgency::background, [&](engine::session& s) {
      return static_cast<bool>(s.inspect().live(ask_.tenant, parent->first, {parent->second}).front());
    });
    if (!there)
      throw failure(failure_class::not_found, "SLU-6055", "the row that it waits for is still missing");
  }
  rows.hashes = engine::hash_rows(view, layout);
  engine::page page;
  page.records = {1, 1, 0, 0};
  page.requested_at_us = store::read_at_of(reject.raw);
  page.streams.push_back(std::move(rows));
  co_return page;
}

// What a later page has brought is newer, whether it was written or was found unchanged.
awaitable<void> replay_reader::drop_stale(engine::page& page, tally& told) {
  std::vector<engine::stream_rows> kept;
  for (engine::stream_rows& s : page.streams) {
    const auto layout = wire_layout(*s.schema);
    const batch_view view(s.rows.get());
    std::vector<std::string> keys;
    for (std::int64_t i = 0; i < view.rows(); ++i) keys.push_back(key_of(*s.schema, layout, view, i));
    const auto brought =
        co_await host_.store().call(engine::urgency::background, [&](engine::session& session) {
          return session.inspect().last_brought(ask_.tenant, s.schema->name, keys);
        });
    std::vector<bool> drop;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      // A row that is refused again writes nothing.
      const bool refused = !s.refused.empty() && s.refused[i] != 0;
      drop.push_back(!refused && brought[i] > page.requested_at_us);
    }
    const auto stale = std::count(drop.begin(), drop.end(), true);
    told.stale += stale;
    if (stale == 0) kept.push_back(std::move(s));
    else if (stale < view.rows()) kept.push_back(without(s, drop));
  }
  const bool all_dropped = !page.streams.empty() && kept.empty() && page.records.mapped == 1;
  page.streams = std::move(kept);
  if (all_dropped) page.records = {1, 0, 1, 0};
}

void replay_reader::add_to(replay_result& out) const {
  for (const auto& [id, entry] : tallies_) {
    const auto& [r, told] = entry;
    out.rejects += told.rejects;
    if (!told.left.empty()) {
      out.left.push_back({id, r.run_id, r.stage, r.stream, r.key, told.left});
      continue;
    }
    out.refused_again += told.refused_again;
    if (told.refused_again == 0) out.taken += told.rejects;
    out.stale += told.stale;
    out.children += told.children;
  }
}

}  // namespace sluice::host
