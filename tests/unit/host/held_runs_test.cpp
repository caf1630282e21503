// Which held runs still wait for a person.
#include "host/held_runs.hpp"

#include <gtest/gtest.h>

namespace sluice::host {
namespace {

engine::run_row run(const std::string& id, std::int64_t from_us, std::int64_t to_us,
                    const std::string& tenant = "acme") {
  engine::run_row out;
  out.run_id = id;
  out.tenant = tenant;
  out.pipeline = "p";
  out.state = engine::run_state::held;
  out.created_us = from_us;
  out.ended_us = to_us;
  return out;
}

// When the last complete read of each stage began.
freshness_of stages(std::int64_t users, std::int64_t roles) {
  return [=](const engine::run_row&) {
    return std::vector<engine::freshness_row>{{"entities.users", {}, users}, {"roles.roles", {}, roles}};
  };
}

std::vector<std::string> waiting(const std::vector<engine::run_row>& held, const freshness_of& fresh,
                                 const std::vector<engine::run_row>& open = {}) {
  std::vector<std::string> out;
  for (const engine::run_row& r : still_held(held, open, fresh)) out.push_back(r.run_id);
  return out;
}

using names = std::vector<std::string>;

TEST(held_runs, wait_until_a_later_run_has_read_the_same_to_its_end) {
  const auto first = run("first", 100, 200);
  EXPECT_EQ(waiting({first}, stages(110, 120)), names{"first"});
  EXPECT_EQ(waiting({first}, stages(310, 120)), names{"first"}) << "one of its stages was not read again";
  EXPECT_EQ(waiting({first}, stages(310, 320)), names{});
  EXPECT_EQ(waiting({run("second", 300, 400), first}, stages(310, 320)), names{"second"})
      << "the later one holds what is still gone";
}

TEST(held_runs, go_on_waiting_while_the_later_run_is_not_over) {
  const auto first = run("first", 100, 200);
  EXPECT_EQ(waiting({first}, stages(310, 320), {run("later", 300, 0)}), names{"first"});
  EXPECT_EQ(waiting({first}, stages(310, 320), {run("of another", 300, 0, "bolt")}), names{});
}

TEST(held_runs, of_many_tenants_some_are_looked_at_and_the_others_counted) {
  std::vector<engine::run_row> all;
  for (int n = 0; n < 150; ++n) all.push_back(run(std::to_string(n), 100, 200, "t" + std::to_string(n)));
  int asked = 0;
  const auto fresh = [&](const engine::run_row& r) {
    ++asked;
    return stages(310, 320)(r);
  };
  EXPECT_EQ(still_held(all, {}, fresh).size(), 50U);
  EXPECT_EQ(asked, 100);
}

TEST(held_runs, are_told_with_their_names_and_the_next_step) {
  const std::string one = held_text({run("a", 100, 200)});
  EXPECT_EQ(one.find("1 run is held"), 0U) << one;
  EXPECT_NE(one.find("(acme a)"), std::string::npos) << one;
  EXPECT_NE(one.find("`sluice runs approve RUN`"), std::string::npos) << one;
  const std::string five = held_text(std::vector<engine::run_row>(5, run("a", 100, 200)));
  EXPECT_NE(five.find("acme a and 2 more"), std::string::npos) << five;
}

}  // namespace
}  // namespace sluice::host
