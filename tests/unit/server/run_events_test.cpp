// Events of a run: what is new since an id, and the same from any host.
#include "server/run_events.hpp"

#include <gtest/gtest.h>

namespace sluice::server {

namespace {

nlohmann::json receipt(const std::string& state, int pages, bool over, bool ended) {
  return {{"run_id", "r"},
          {"state", state},
          {"essential", {{"over", over}}},
          {"ended_at", ended ? nlohmann::json("2026-01-01T00:00:00.000Z") : nlohmann::json()},
          {"stages",
           {{{"stage", "a.b"},
             {"pages", pages},
             {"items", {{"done", 0}}},
             {"state", ended ? "complete" : "running"}},
            {{"stage", "c.d"}, {"pages", 0}, {"items", {{"done", 0}}}, {"state", "pending"}}}}};
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++n;
  return n;
}

}  // namespace

TEST(run_events, tell_each_change_once) {
  event_position at;
  const std::string first = at.advance(receipt("running", 1, false, false));
  EXPECT_EQ(count(first, "event: run\n"), 1U);
  EXPECT_EQ(count(first, "event: stage\n"), 2U);
  EXPECT_EQ(at.advance(receipt("running", 1, false, false)), "");
  const std::string page = at.advance(receipt("running", 2, false, false));
  EXPECT_EQ(count(page, "event: "), 1U);
  EXPECT_NE(page.find("\"pages\":2"), std::string::npos) << page;
  EXPECT_EQ(count(at.advance(receipt("running", 2, true, false)), "event: run\n"), 1U)
      << "the essential phase is over";
  const std::string end = at.advance(receipt("succeeded", 2, true, true));
  EXPECT_LT(end.find("event: stage\n"), end.find("event: end\n")) << "the end comes last";
  EXPECT_EQ(at.advance(receipt("succeeded", 2, true, true)), "");
}

TEST(run_events, go_on_from_an_id) {
  event_position here;
  static_cast<void>(here.advance(receipt("running", 3, false, false)));
  event_position there(here.id());
  EXPECT_EQ(there.id(), here.id());
  EXPECT_EQ(there.advance(receipt("running", 3, false, false)), "");
  EXPECT_EQ(count(there.advance(receipt("running", 4, false, false)), "event: "), 1U);
  for (const char* nonsense : {"", "x", ";", "running-;=,=,a", "running-;a=1,,b"}) {
    event_position from{std::string(nonsense)};
    EXPECT_GE(count(from.advance(receipt("running", 3, false, false)), "event: stage\n"), 2U) << nonsense;
  }
}

// An event ends with an empty line, so none may stand within.
TEST(run_events, stay_in_their_lines) {
  event_position at;
  nlohmann::json evil = receipt("failed", 1, true, true);
  evil["error"] = {{"message", "a\n\nevent: end\r\ndata: {}"}};
  const std::string text = at.advance(evil);
  EXPECT_EQ(count(text, "\n\n"), 3U);
  EXPECT_EQ(count(text, "\nevent: end\n"), 1U);
}

}  // namespace sluice::server
