// The connection is lost at the COMMIT of every call that writes, before the server has it and after: asked
// again, the outcome is the same as if nothing had happened.
#include <functional>

#include "tenants.hpp"

namespace sluice::testing {
namespace {

using cut = postgres_proxy::cut;

// One statement is a transaction of its own, without a COMMIT.
bool is_one_statement(const std::string& call) {
  return call == "start_run" || call == "renew_lease" || call == "expire_deferred" ||
         call == "request_cancel";
}

class in_doubt : public tenants {
 protected:
  struct call {
    const char* name;
    std::function<void(engine::session&, tenant_run&)> make;
    std::int64_t page = -1;  // of commits
  };
  const std::vector<call>& calls() const {
    static const std::vector<call> all = make_calls();
    return all;
  }

  // All that the store says of the tenant, but instants, ids and how many attempts it took.
  std::string all_of(const tenant_run& run) const {
    const std::string mine =
        " x WHERE x.run_id IN (SELECT run_id FROM sluice.runs WHERE tenant = '" + run.tenant + "')";
    const std::string of_tenant = " x WHERE x.tenant = '" + run.tenant + "'";
    std::string all;
    for (const std::string& part :
         {"mode, state, cancel_requested, error_code, essential_us > 0, ended_us > 0 FROM sluice.runs" +
              of_tenant,
          "run_id IS NULL FROM sluice.leases" + of_tenant, "stage, state, suspect FROM sluice.stages" + mine,
          "stage, item, state, page_seq, page_state FROM sluice.items" + mine,
          "stage, item, page_seq, is_end, records FROM sluice.pages" + mine,
          "stage, item, stream, sum(rows), sum(inserted), sum(updated), sum(unchanged), sum(deferred), "
          "sum(swept), "
          "sum(resolved_inserted) FROM sluice.ledger" +
              mine + " GROUP BY 1, 2, 3",
          "stage, key, field FROM sluice.rejects" + of_tenant, "stream, key FROM sluice.deferred" + of_tenant,
          "external_id, name, deleted_at IS NULL FROM entities x WHERE x.tenant_id = '" + run.tenant + "'",
          "external_id, deleted_at IS NULL FROM grants x WHERE x.tenant_id = '" + run.tenant + "'"}) {
      all +=
          (all.empty() ? "SELECT concat_ws(E'\\n', " : ", ") +
          ("(SELECT coalesce(string_agg(q::text, ' ' ORDER BY q::text), '-') FROM (SELECT " + part + ") q)");
    }
    return sql(all + ")");
  }

  // A run that may have left something behind: the cascade of the next one has to look.
  static void begin_and_cancel(engine::session& s, tenant_run run) {
    run.number = 9;
    run.epoch = s.start_run(run.request(), {}).epoch;
    s.finish_run(run.id(), run.epoch, true, "", "");
  }

  // The whole life of a run; call `at` is disturbed. Nothing: no such call, or it writes nothing.
  std::string live(std::size_t at, cut how, bool& disturbed) {
    tenant_run run = next_tenant();
    auto session = through_->open_session();
    begin_and_cancel(*session, run);
    disturbed = false;
    for (std::size_t i = 0; i < calls().size(); ++i) {
      tenant_run before = run;
      if (i == at) proxy_->cut_next(how, is_one_statement(calls()[i].name));
      const std::string first = outcome_of([&] { calls()[i].make(*session, run); });
      disturbed = disturbed || (i == at && proxy_->has_cut());
      proxy_->cut_next(cut::none);
      if (first == "ok") continue;
      EXPECT_EQ(i, at) << calls()[i].name << ": " << first;
      EXPECT_TRUE(first == "SLU-5012" || first == "SLU-5013") << calls()[i].name << ": " << first;
      run = before;
      if (calls()[i].page >= 0 && committed_already(run, calls()[i].page, *session)) continue;
      EXPECT_EQ(outcome_of([&] { calls()[i].make(*session, run); }), "ok") << calls()[i].name;
    }
    return all_of(run);
  }

 private:
  static bool committed_already(const tenant_run& run, std::int64_t page, engine::session& s) {
    return s.find_commit(run.page(entity_rows({}), page, false, 0)).has_value();
  }
  static std::vector<call> make_calls();
};

std::vector<in_doubt::call> in_doubt::make_calls() {
  using engine::session;
  return {
      {"start_run", [](session& s, tenant_run& r) { r.epoch = s.start_run(r.request(), {}).epoch; }},
      {"mark_running", [](session& s, tenant_run& r) { s.mark_running(r.id(), r.epoch); }},
      {"begin_stage",
       [](session& s, tenant_run& r) {
         r.stage_epoch =
             s.begin_stage(r.id(), r.epoch, {"read", engine::phase::background, false, true, "{}"}).epoch;
       }},
      {"renew_lease",
       [](session& s, tenant_run& r) { EXPECT_TRUE(s.renew_lease(r.id(), r.epoch, 30'000'000)); }},
      {"commit of children first",
       [](session& s, tenant_run& r) {
         auto page = r.page(grant_rows({"u00001", "u00777"}), 0, false, s.now_us());
         page.pages[0].page.children = {{"members", "0.0.0", "{}"}};
         s.commit(page);
       },
       0},
      {"commit of their parents",
       [](session& s, tenant_run& r) {
         auto page = r.page(entity_rows(many(5)), 1, true, s.now_us());
         s.commit(page);
       },
       1},
      {"begin_stage of children",
       [](session& s, tenant_run& r) {
         r.children_epoch =
             s.begin_stage(r.id(), r.epoch, {"members", engine::phase::background, false, false, ""}).epoch;
       }},
      {"drop_item",
       [](session& s, tenant_run& r) { s.drop_item(r.id(), "members", r.children_epoch, "0.0.0"); }},
      {"end_stage of children",
       [](session& s, tenant_run& r) {
         s.end_stage({r.id(), "members", r.children_epoch, engine::stage_state::complete, "", "", {}});
       }},
      {"end_stage", [](session& s, tenant_run& r) { r.end_stage(s); }},
      {"resolve", [](session& s, tenant_run& r) { s.resolve(r.id(), r.epoch, r.tenant, 100); }},
      {"sweep", [](session& s, tenant_run& r) { s.sweep(r.sweep()); }},
      {"cascade",
       [](session& s, tenant_run& r) {
         s.cascade(r.id(), r.epoch, "read", {1.0, 1'000});
       }},
      {"expire_deferred", [](session& s, tenant_run& r) { s.expire_deferred(r.id(), r.tenant, {}); }},
      {"mark_essential", [](session& s, tenant_run& r) { s.mark_essential(r.id(), r.epoch); }},
      {"request_cancel", [](session& s, tenant_run& r) { s.request_cancel(r.id()); }},
      {"finish_run", [](session& s, tenant_run& r) { s.finish_run(r.id(), r.epoch, false, "", ""); }},
  };
}

// covers: S2, P2, P4
TEST_F(in_doubt, every_call_that_writes_can_be_asked_again) {
  bool disturbed = false;
  const std::string expected = live(calls().size(), cut::none, disturbed);
  EXPECT_NE(expected.find("u00004"), std::string::npos) << expected;
  for (std::size_t at = 0; at < calls().size(); ++at) {
    for (const cut how : {cut::before, cut::after}) {
      SCOPED_TRACE(std::string(calls()[at].name) + (how == cut::before ? ", before" : ", after"));
      EXPECT_EQ(live(at, how, disturbed), expected);
      EXPECT_TRUE(disturbed) << "it was never cut";
    }
  }
}

}  // namespace
}  // namespace sluice::testing
