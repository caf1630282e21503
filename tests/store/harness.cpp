#include "store/harness.hpp"

#include <charconv>
#include <cstdlib>
#include <random>

#include <sluice/batch_builder.hpp>

#include "engine/row_hash.hpp"

namespace sluice::testing {

namespace {

stream_schema plain(const std::string& name, const std::string& to, std::vector<std::string> columns,
                    bool required, on_missing missing) {
  stream_schema s;
  s.name = name;
  s.columns = {{"external_id", column_type::text, true, {}}, {"amount", column_type::decimal, false, {}}};
  s.key = {"external_id"};
  s.references = {{"entity", to, std::move(columns), required, missing, std::chrono::hours(24)}};
  return s;
}

stream_schema entities() {
  stream_schema s;
  s.name = "entities";
  s.key = {"kind", "external_id"};
  s.columns = {{"kind", column_type::text, true, {}},        {"external_id", column_type::text, true, {}},
               {"name", column_type::text, false, {}},       {"active", column_type::boolean, false, {}},
               {"score", column_type::int64, false, {}},     {"ratio", column_type::float64, false, {}},
               {"balance", column_type::decimal, false, {}}, {"extra", column_type::json, false, {}},
               {"born", column_type::date, false, {}},       {"seen", column_type::timestamp, false, {}}};
  s.references = {
      {"parent", "entities", {"kind", "external_id"}, false, on_missing::defer, std::chrono::hours(24)}};
  s.measures = {{"users", "kind", "user"}};
  s.indexes = {{"name", "tenant_id"}};
  return s;
}

std::int64_t number(const std::string& text) {
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument("not a number: " + text);
  return v;
}

void set_cell(batch_builder& b, std::size_t i, column_type type, const std::string& text) {
  switch (type) {
    case column_type::boolean: b.boolean(i, text == "true"); break;
    case column_type::date: b.date(i, static_cast<std::int32_t>(number(text))); break;
    case column_type::int64:
    case column_type::timestamp: b.int64(i, number(text)); break;
    case column_type::float64: b.float64(i, std::strtod(text.c_str(), nullptr)); break;
    default: b.text(i, text); break;
  }
}

}  // namespace

std::vector<stream_schema> all_streams() {
  const std::vector<std::string> entity{"kind", "external_id"};
  return {entities(),
          plain("credits", "entities", entity, true, on_missing::defer),
          plain("grants", "credits", {"external_id"}, true, on_missing::defer),
          plain("notes", "entities", entity, true, on_missing::skip),
          plain("strict", "entities", entity, true, on_missing::reject),
          plain("tags", "entities", entity, false, on_missing::defer)};
}

const stream_schema& stream_named(const std::string& name) {
  static const std::vector<stream_schema> all = all_streams();
  for (const stream_schema& s : all) {
    if (s.name == name) return s;
  }
  throw std::invalid_argument("no stream " + name);
}

engine::stream_rows make_rows(const stream_schema& schema, const std::vector<cells>& rows) {
  const auto layout = wire_layout(schema);
  batch_builder b(layout);
  for (const cells& row : rows) {
    for (const auto& [name, text] : row) {
      const int i = column_index(layout, name);
      if (i < 0) throw std::invalid_argument("no column " + name);
      set_cell(b, static_cast<std::size_t>(i), layout[static_cast<std::size_t>(i)].type, text);
    }
    b.next_row();
  }
  engine::stream_rows out;
  out.schema = &schema;
  out.rows = b.finish();
  out.hashes = engine::hash_rows(batch_view(out.rows.get()), layout);
  return out;
}

cells user(const std::string& id, const std::string& name, cells more) {
  more["kind"] = "user";
  more["external_id"] = id;
  more["name"] = name;
  return more;
}

engine::page make_page(std::vector<engine::stream_rows> streams) {
  engine::page p;
  for (engine::stream_rows& s : streams) {
    p.records.records += s.rows.get().length;
    p.records.mapped += s.rows.get().length;
    p.streams.push_back(std::move(s));
  }
  return p;
}

void conformance::SetUp() {
  if (!GetParam().make) GTEST_SKIP() << GetParam().why_not;
  under_ = GetParam().make();
  store().migrate();
  store().ensure_streams("tests", "1.0.0", all_streams());
  session_ = store().open_session();
  start(1);
}

std::string run_id(int n) {
  const std::string digits = std::to_string(n);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

engine::run_request conformance::request_for(int run) {
  engine::run_request r;
  r.run_id = run_id(run);
  r.tenant = "acme";
  r.pipeline = "p";
  r.correlation_id = "sync-acme-" + std::to_string(run);
  r.backend = "direct";
  r.mode = "full";
  r.plan = "{}";
  r.by = {"host-1", "boot-1", 100, 5000};
  return r;
}

void conformance::start(int run, bool critical) {
  run_ = session().start_run(request_for(run), {});
  ASSERT_EQ(run_.result, engine::run_lease::how::started);
  session().mark_running(run_.run_id, run_.epoch);
  seqs_.clear();
  stage_ = "s";
  begin(stage_, engine::phase::background, critical);
}

engine::stage_attempt conformance::begin(const std::string& stage, engine::phase phase, bool critical,
                                         bool root) {
  auto attempt = session().begin_stage(run_.run_id, run_.epoch, {stage, phase, critical, root, "{}"});
  epochs_[stage] = attempt.epoch;
  return attempt;
}

engine::page_write conformance::next_page(engine::page page, bool end) {
  engine::page_write w;
  w.stage = stage_;
  w.item = "0";
  w.entry = "entry";
  w.stage_epoch = epochs_[stage_];
  w.page_seq = seqs_[stage_]++;
  w.next_state = end ? "" : "page-" + std::to_string(seqs_[stage_]);
  w.end = end;
  w.page = std::move(page);
  if (w.page.requested_at_us == 0) w.page.requested_at_us = requested_us_ += 1'000'000;
  return w;
}

engine::page_write conformance::page_of(const std::string& id) {
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(stream_named("entities"), {user(id)}));
  return next_page(make_page(std::move(streams)));
}

engine::commit_request conformance::request_of(std::vector<engine::page_write> pages) {
  static std::mt19937_64 random(7);
  engine::commit_request r;
  r.run_id = run_.run_id;
  r.tenant = "acme";
  r.pipeline = "p";
  r.run_epoch = run_.epoch;
  for (auto& byte : r.id) byte = static_cast<std::uint8_t>(random());
  r.pages = std::move(pages);
  return r;
}

engine::commit_result conformance::commit(engine::page_write page) {
  std::vector<engine::page_write> pages;
  pages.push_back(std::move(page));
  auto request = request_of(std::move(pages));
  return session().commit(request);
}

engine::row_counts conformance::put_at(std::int64_t requested_us, const std::string& stream,
                                       const std::vector<cells>& given) {
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(stream_named(stream), given));
  engine::page page = make_page(std::move(streams));
  page.requested_at_us = requested_us;
  return counts_of(commit(next_page(std::move(page))), 0, stream);
}

engine::row_counts conformance::put(const std::string& stream, const std::vector<cells>& given) {
  return put_at(requested_us_ += 1'000'000, stream, given);
}

void conformance::end_item() { commit(next_page(make_page({}), true)); }

void conformance::end_stage(const std::string& stage, engine::stage_state state) {
  const bool failed = state == engine::stage_state::failed;
  session().end_stage({run_.run_id,
                       stage,
                       epochs_[stage],
                       state,
                       failed ? "SLU-3001" : "",
                       failed ? "the upstream is away" : "",
                       {}});
}

engine::run_state conformance::finish() {
  end_item();
  end_stage(stage_);
  return session().finish_run(run_.run_id, run_.epoch, false, "", "");
}

std::int64_t conformance::resolve_all(int limit) {
  std::int64_t n = 0;
  for (int call = 0; call < 1000; ++call) {
    const auto r = session().resolve(run_.run_id, run_.epoch, "acme", limit);
    n += r.resolved;
    if (!r.more) return n;
  }
  throw std::runtime_error("resolve never comes to an end");
}

stored_values conformance::row(const std::string& stream, const std::string& external_id) {
  for (stored_values& r : rows(stream)) {
    if (r["external_id"] == external_id) return r;
  }
  return {};
}

engine::row_counts counts_of(const engine::commit_result& r, std::size_t page, const std::string& stream) {
  for (const auto& [name, counts] : r.pages.at(page).streams) {
    if (name == stream) return counts;
  }
  throw std::invalid_argument("page has no counts of " + stream);
}

std::string refusal_code(const std::function<void()>& action) {
  try {
    action();
  } catch (const engine::failure& f) {
    return f.code();
  }
  return {};
}

std::string refusal_text(const std::function<void()>& action) {
  try {
    action();
  } catch (const engine::failure& f) {
    return f.message();
  }
  return {};
}

}  // namespace sluice::testing
