// Tenants by the dozen in one database, each with its own runs: for tests that do the same over and over.
#pragma once

#include "store/postgres/connection.hpp"
#include "support/postgres_proxy.hpp"
#include "world.hpp"

namespace sluice::testing {

// A run of one tenant as one caller sees it.
struct tenant_run {
  std::string tenant, pipeline = "p";
  int number = 1;
  std::int64_t epoch = 0, stage_epoch = 0, children_epoch = 0;

  [[nodiscard]] std::string id() const {
    std::string digits = std::to_string(number) + std::to_string(1'000'000 + std::stoi(tenant.substr(1)));
    return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
  }
  [[nodiscard]] engine::run_request request(std::int64_t pid = 1) const {
    engine::run_request r;
    r.run_id = id(), r.tenant = tenant, r.pipeline = pipeline, r.correlation_id = "c",
    r.by = {"host", "boot", pid, 1};
    return r;
  }
  void begin(engine::session& s) {
    epoch = s.start_run(request(), {}).epoch;
    s.mark_running(id(), epoch);
    stage_epoch = s.begin_stage(id(), epoch, {"read", engine::phase::background, false, true, "{}"}).epoch;
  }
  [[nodiscard]] engine::commit_request page(std::vector<engine::stream_rows> streams, std::int64_t seq,
                                            bool end, std::int64_t requested_us,
                                            std::uint8_t commit = 1) const {
    engine::commit_request r;
    r.run_id = id(), r.tenant = tenant, r.pipeline = pipeline, r.run_epoch = epoch;
    r.id = {commit, static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(seq)};
    for (std::size_t i = 0; i < tenant.size() && i < 12; ++i)
      r.id[3 + i] = static_cast<std::uint8_t>(tenant[i]);
    engine::page_write& w = r.pages.emplace_back();
    w.stage = "read", w.item = "0", w.entry = "entry", w.stage_epoch = stage_epoch, w.page_seq = seq,
    w.end = end;
    w.next_state = std::to_string(seq + 1);
    w.page.requested_at_us = requested_us;
    for (engine::stream_rows& s : streams) {
      w.page.records.records += s.rows.get().length;
      w.page.records.mapped += s.rows.get().length;
      w.page.streams.push_back(std::move(s));
    }
    return r;
  }
  [[nodiscard]] engine::commit_request page(engine::stream_rows rows, std::int64_t seq, bool end,
                                            std::int64_t requested_us, std::uint8_t commit = 1) const {
    std::vector<engine::stream_rows> one;
    one.push_back(std::move(rows));
    return page(std::move(one), seq, end, requested_us, commit);
  }
  [[nodiscard]] engine::sweep_request sweep(const std::string& stream = "entities") const {
    return {id(), epoch, "entry", stream, {"read"}, {1.0, 1'000}};
  }
  void end_stage(engine::session& s) const {
    s.end_stage({id(), "read", stage_epoch, engine::stage_state::complete, "", "", {}});
  }
};

// "ok", or the code of what was thrown.
template <class F>
std::string outcome_of(F&& work) {
  try {
    work();
    return "ok";
  } catch (const engine::failure& f) {
    return f.code();
  }
}

class tenants : public world {
 protected:
  void SetUp() override {
    world::SetUp();
    if (::testing::Test::IsSkipped()) return;
    proxy_ = std::make_unique<postgres_proxy>(dsn_);
    asking_ = std::make_unique<store::postgres::connection>(dsn_);
    through_ =
        store::postgres::open({.uses = "postgres", .path = {}, .dsn = proxy_->dsn(), .schema = "public"});
  }
  void TearDown() override {
    through_.reset();
    proxy_.reset();
    asking_.reset();
  }
  [[nodiscard]] tenant_run next_tenant() { return {.tenant = "t" + std::to_string(++count_)}; }
  // Of one value, on a connection that stays.
  [[nodiscard]] std::string sql(const std::string& text) const {
    const store::postgres::rows found = asking_->execute(text);
    return found.empty() ? std::string() : std::string(found.text(0, 0));
  }
  [[nodiscard]] std::string count(const std::string& from, const tenant_run& run) const {
    return sql("SELECT count(*) FROM " + from + " AND tenant_id = '" + run.tenant + "'");
  }

  std::unique_ptr<postgres_proxy> proxy_;
  std::unique_ptr<store::postgres::connection> asking_;
  std::unique_ptr<store::store> through_;
  int count_ = 0;
};

}  // namespace sluice::testing
