// What choosing a backend asks of a store.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace code = store::code;

class routing : public conformance {
 protected:
  engine::routing_store& routes() { return session(); }
};

// covers: P20
TEST_P(routing, counts_live_rows_of_the_tenant_that_hold_a_value) {
  cells group = user("g1");
  group["kind"] = "group";
  put("entities", {user("u1"), user("u2"), user("u3"), group});
  put("entities", {user("u3", "Ada", {{std::string(deleted_column), "true"}})});
  EXPECT_EQ(routes().count_rows("acme", "entities", "", ""), 3);
  EXPECT_EQ(routes().count_rows("acme", "entities", "kind", "user"), 2);
  EXPECT_EQ(routes().count_rows("acme", "entities", "kind", "robot"), 0);
  EXPECT_EQ(routes().count_rows("globex", "entities", "", ""), 0);
  EXPECT_EQ(routes().count_rows("acme", "nowhere", "", ""), 0) << "no plugin has declared it yet";
}

TEST_P(routing, knows_the_newest_run_of_a_tenant_and_pipeline) {
  EXPECT_FALSE(routes().last_route("globex", "p").has_value());
  EXPECT_EQ(routes().last_route("acme", "p")->run_id, run_id(1));
  finish();
  engine::run_request second = request_for(2);
  second.backend = "durable";
  second.route_reason = "rule 1";
  second.plan = R"({"route":{}})";
  second.scope = "subject:u1";
  session().start_run(second, {});
  engine::run_request other = request_for(3);
  other.pipeline = "q";
  session().start_run(other, {});
  const auto last = routes().last_route("acme", "p");
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->run_id, run_id(2));
  EXPECT_EQ(last->backend, "durable");
  EXPECT_EQ(last->reason, "rule 1");
  EXPECT_EQ(last->plan, R"({"route":{}})");
  EXPECT_EQ(last->created_us, session().show_run(run_id(2))->created_us);
}

// covers: P9
TEST_P(routing, says_with_an_open_run_where_it_goes_and_why) {
  routes().reroute(run_.run_id, run_.epoch, "durable", "the other one is away");
  const auto row = session().show_run(run_.run_id);
  EXPECT_EQ(row->backend, "durable");
  EXPECT_EQ(row->route_reason, "the other one is away");
  EXPECT_EQ(row->state, engine::run_state::running);
  EXPECT_EQ(refusal_code([&] { routes().reroute(run_.run_id, run_.epoch + 1, "direct", ""); }),
            code::fenced_run);
  finish();
  EXPECT_EQ(refusal_code([&] { routes().reroute(run_.run_id, run_.epoch, "direct", ""); }), code::fenced_run);
  EXPECT_EQ(session().show_run(run_.run_id)->backend, "durable");
}

INSTANTIATE_TEST_SUITE_P(stores, routing, ::testing::ValuesIn(backends()),
                         [](const auto& b) { return b.param.name; });

}  // namespace sluice::testing
