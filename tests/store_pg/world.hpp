// A migrated database with two streams, a run that is under way, and short ways to commit rows to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sluice/batch_builder.hpp>

#include "engine/row_hash.hpp"
#include "store/postgres/open.hpp"
#include "support/postgres_fixture.hpp"

namespace sluice::testing {

struct entity {
  std::string id, name = "n", parent, amount = "1.50", json = "{}";
  std::string kind = "user";
  std::optional<std::int64_t> version;
  bool deleted = false;
};

// Keys of two columns, a reference to itself; and keys of one column with a required parent.
[[nodiscard]] inline const stream_schema& entities() {
  static const stream_schema s = [] {
    stream_schema out;
    out.name = "entities";
    out.columns = {{"kind", column_type::text, true, {}},
                   {"external_id", column_type::text, true, {}},
                   {"name", column_type::text, false, {}},
                   {"amount", column_type::decimal, false, {}},
                   {"data", column_type::json, false, {}}};
    out.key = {"kind", "external_id"};
    out.references = {
        {"parent", "entities", {"kind", "external_id"}, false, on_missing::defer, std::chrono::hours(24)}};
    return out;
  }();
  return s;
}

[[nodiscard]] inline const stream_schema& grants() {
  static const stream_schema s = [] {
    stream_schema out;
    out.name = "grants";
    out.columns = {{"external_id", column_type::text, true, {}}, {"amount", column_type::decimal, false, {}}};
    out.key = {"external_id"};
    out.references = {
        {"entity", "entities", {"kind", "external_id"}, true, on_missing::defer, std::chrono::hours(24)}};
    return out;
  }();
  return s;
}

[[nodiscard]] inline engine::stream_rows finish_rows(const stream_schema& s, batch_builder& b) {
  engine::stream_rows out;
  out.schema = &s;
  out.rows = b.finish();
  out.hashes = engine::hash_rows(batch_view(out.rows.get()), wire_layout(s));
  return out;
}

[[nodiscard]] inline engine::stream_rows entity_rows(const std::vector<entity>& rows) {
  batch_builder b(wire_layout(entities()));
  for (const entity& e : rows) {
    b.text(0, e.kind), b.text(1, e.id), b.text(2, e.name), b.text(3, e.amount), b.text(4, e.json);
    if (!e.parent.empty()) b.text(5, e.kind), b.text(6, e.parent);
    if (e.version) b.int64(8, *e.version);
    b.boolean(9, e.deleted);
    b.next_row();
  }
  return finish_rows(entities(), b);
}

// A grant is named after its entity: "u1" → "grant-u1".
[[nodiscard]] inline engine::stream_rows grant_rows(const std::vector<std::string>& entity_ids) {
  batch_builder b(wire_layout(grants()));
  for (const std::string& id : entity_ids) {
    b.text(0, "grant-" + id), b.text(1, "12.50"), b.text(2, "user"), b.text(3, id);
    b.next_row();
  }
  return finish_rows(grants(), b);
}

class world : public ::testing::Test {
 protected:
  void SetUp() override {
    postgres_cluster* cluster = postgres_cluster::shared();
    if (cluster == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
    dsn_ = cluster->new_database();
    store_ = store::postgres::open({.uses = "postgres", .path = {}, .dsn = dsn_, .schema = "public"});
    store_->migrate();
    store_->ensure_streams("test", "1", {entities(), grants()});
    session_ = store_->open_session();
    begin(*session_);
  }

  void begin(engine::session& s) {
    request_.run_id = "00000000-0000-4000-8000-000000000001";
    request_.tenant = "acme", request_.pipeline = "p", request_.correlation_id = "sync-acme-1";
    request_.by = {"host", "boot", 1, 1};
    epoch_ = s.start_run(request_, [](const engine::holder&) { return false; }).epoch;
    s.mark_running(request_.run_id, epoch_);
    stage_epoch_ =
        s.begin_stage(request_.run_id, epoch_, {"read", engine::phase::background, false, true, "{}"}).epoch;
    seq_ = 0;
  }

  // The next page of the only item, with these rows.
  engine::commit_request page_of(std::vector<engine::stream_rows> streams, bool end = false) {
    engine::commit_request r;
    r.run_id = request_.run_id, r.tenant = "acme", r.pipeline = "p", r.run_epoch = epoch_;
    r.id[0] = static_cast<std::uint8_t>(++commits_);
    r.id[1] = static_cast<std::uint8_t>(commits_ >> 8);
    engine::page_write& w = r.pages.emplace_back();
    w.stage = "read", w.item = "0", w.entry = "entry", w.stage_epoch = stage_epoch_, w.page_seq = seq_,
    w.end = end;
    w.next_state = std::to_string(seq_ + 1);
    for (engine::stream_rows& s : streams) {
      w.page.records.records += s.rows.get().length;
      w.page.records.mapped += s.rows.get().length;
      w.page.streams.push_back(std::move(s));
    }
    w.page.requested_at_us = session_->now_us();
    return r;
  }

  engine::commit_request page_of(engine::stream_rows rows) {
    std::vector<engine::stream_rows> one;
    one.push_back(std::move(rows));
    return page_of(std::move(one));
  }

  // Commits a page of one stream; its counts.
  engine::row_counts put(engine::stream_rows rows) {
    auto request = page_of(std::move(rows));
    auto result = session_->commit(request);
    ++seq_;
    return result.pages.at(0).streams.at(0).second;
  }

  std::string sql(const std::string& text) const { return postgres_cluster::query(dsn_, text); }

  std::string dsn_;
  std::unique_ptr<store::store> store_;
  std::unique_ptr<engine::session> session_;
  engine::run_request request_;
  std::int64_t epoch_ = 0, stage_epoch_ = 0, seq_ = 0;
  int commits_ = 0;
};

// Entities u00000, u00001, ...
[[nodiscard]] inline std::vector<entity> many(int count, const std::string& name = "n", int from = 0) {
  std::vector<entity> out;
  for (int i = from; i < from + count; ++i) {
    std::string digits = std::to_string(i);
    out.push_back({.id = "u" + std::string(5 - digits.size(), '0') + digits, .name = name});
  }
  return out;
}

}  // namespace sluice::testing
