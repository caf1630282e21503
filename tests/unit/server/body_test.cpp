// Bodies: strict JSON that fits the schema of its route.
#include "server/body.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "plugin/error.hpp"
#include "server/problem.hpp"
#include "server/routes.hpp"

namespace sluice::server {

namespace {

nlohmann::json start_schema() {
  const auto all = routes();
  return std::find_if(all.begin(), all.end(), [](const route& r) { return r.id == "startRun"; })->body();
}

// The pointers of what doesn't fit, in one text.
std::string wrong_in(const std::string& body) {
  try {
    static_cast<void>(read_body(body, start_schema()));
    return "nothing";
  } catch (const refusal& r) {
    EXPECT_EQ(r.status(), 400U);
    const auto problem = nlohmann::json::parse(r.to_answer("c").body);
    EXPECT_EQ(problem["code"], "SLU-7106");
    std::string out;
    for (const auto& e : problem.value("errors", nlohmann::json::array()))
      out += e["pointer"].get<std::string>() + " ";
    return out;
  }
}

}  // namespace

// covers: A2
TEST(body, must_be_json_that_fits) {
  EXPECT_EQ(wrong_in(""), "nothing");
  EXPECT_EQ(wrong_in("{}"), "nothing");
  EXPECT_EQ(wrong_in(R"({"subject": "u-1", "mode": "full"})"), "nothing");
  EXPECT_EQ(wrong_in(R"({"subject": 1, "mode": "some", "tenant": "x"})"), "/mode /subject /tenant ");
  EXPECT_EQ(wrong_in(R"({"subject": ""})"), "/subject ");
  EXPECT_EQ(wrong_in(R"({"subject": ")" + std::string(256, 'a') + R"("})"), "nothing");
  EXPECT_EQ(wrong_in(R"({"subject": ")" + std::string(257, 'a') + R"("})"), "/subject ");
  EXPECT_EQ(wrong_in("[]"), " ");
  EXPECT_EQ(wrong_in(R"({"subject": "a", "subject": "b"})"), "") << "twice";
  EXPECT_EQ(wrong_in("{"), "");
  EXPECT_EQ(wrong_in("{\"subject\": \"\xFF\"}"), "");
  EXPECT_EQ(wrong_in(std::string(100'000, '[')), "");
}

TEST(problem, says_what_is_wrong_and_what_comes_next) {
  const answer out =
      refusal(404, "SLU-7115", "there is no run `x`").with("Retry-After", "3").to_answer("sync-a-1-2");
  EXPECT_EQ(out.status, 404U);
  EXPECT_EQ(out.type, "application/problem+json");
  const auto body = nlohmann::json::parse(out.body);
  EXPECT_EQ(body["type"], "urn:sluice:error:SLU-7115");
  EXPECT_EQ(body["title"], "there is no such run");
  EXPECT_EQ(body["detail"], "there is no run `x`");
  EXPECT_EQ(body["correlation_id"], "sync-a-1-2");
  EXPECT_EQ(body["retryable"], false);
  EXPECT_FALSE(body["next"].get<std::string>().empty());
  EXPECT_EQ(out.headers.front().second, "3");
}

TEST(problem, has_the_status_of_its_failure) {
  using engine::failure;
  using engine::failure_class;
  const auto status = [](failure_class c, const char* code) {
    return refusal_of(failure(c, code, "x")).status();
  };
  EXPECT_EQ(status(failure_class::throttled, "SLU-6060"), 503U);
  EXPECT_EQ(status(failure_class::transient, "SLU-5012"), 503U);
  EXPECT_EQ(status(failure_class::invalid, "SLU-6028"), 404U);
  EXPECT_EQ(status(failure_class::invalid, "SLU-6040"), 422U);
  EXPECT_EQ(status(failure_class::internal, "SLU-6016"), 500U);
  const answer busy =
      refusal_of(failure(failure_class::throttled, "SLU-6060", "full", 2'100'000)).to_answer("c");
  EXPECT_EQ(busy.headers.front(), (std::pair<std::string, std::string>("Retry-After", "3")));
  EXPECT_EQ(status(failure_class::throttled, "SLU-6066"), 429U);
  EXPECT_EQ(status(failure_class::throttled, "SLU-6068"), 503U);
  EXPECT_EQ(status(failure_class::throttled, "SLU-6069"), 503U);
}

// covers: P18
TEST(problem, what_a_plugin_cannot_do_for_the_moment_is_no_mistake_of_the_caller) {
  const auto of = [](plugin::status s) {
    try {
      throw plugin::error(s, "SLU-9999", "x", 2'000);
    } catch (...) {
      return current_refusal();
    }
  };
  EXPECT_EQ(of(plugin::status::transient).status(), 503U);
  EXPECT_EQ(of(plugin::status::throttled).status(), 429U);
  EXPECT_EQ(of(plugin::status::transient).to_answer("c").headers.front().second, "2");
  EXPECT_EQ(of(plugin::status::not_found).status(), 404U);
  EXPECT_EQ(of(plugin::status::denied).status(), 422U);
  EXPECT_EQ(of(plugin::status::invalid).status(), 422U);
  EXPECT_EQ(of(plugin::status::internal).status(), 500U);
}

}  // namespace sluice::server
