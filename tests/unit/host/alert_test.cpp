// When alerts begin and end, and how hosts share what they have to say.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/alert_watch.hpp"
#include "observe/redactor.hpp"
#include "plugin/error.hpp"
#include "support/memory_store.hpp"

namespace sluice::host {
namespace {

using engine::ended_run;
using engine::stage_state;

constexpr std::int64_t minute = 60'000'000, now = 1'000'000 * minute;
constexpr const char* hook = "https://hooks.example/secret-path";

manifest::pipeline watched(manifest::alert alert) {
  manifest::pipeline out;
  out.name = "p";
  alert.severity = "warning";
  if (alert.window_us == 0) alert.window_us = 15 * minute;
  out.alerts.push_back(std::move(alert));
  out.notify.push_back({hook});
  return out;
}

alert_view runs(int good, int bad, std::int64_t ended_us = now - minute) {
  alert_view out;
  out.now_us = now;
  for (int n = 0; n < good + bad; ++n) {
    ended_run& r = out.ended.emplace_back();
    const bool failed = n >= good;
    r.state = failed ? engine::run_state::failed : engine::run_state::succeeded;
    r.ended_us = ended_us;
    r.created_us = ended_us - 2'000'000;
    r.stages.push_back({"credits.grants", engine::phase::background,
                        failed ? stage_state::failed : stage_state::complete, r.created_us, ended_us});
  }
  return out;
}

bool begins(const manifest::alert& a, const alert_view& v) { return fires(false, a, read_alert(a, v)); }
bool goes_on(const manifest::alert& a, const alert_view& v) { return fires(true, a, read_alert(a, v)); }

TEST(alerts, a_rate_needs_enough_runs_and_more_than_its_limit) {
  const manifest::alert a{"failure_rate", {}, 0.05, 15 * minute, 20};
  EXPECT_FALSE(begins(a, runs(10, 9)));
  EXPECT_TRUE(begins(a, runs(10, 10)));
  EXPECT_FALSE(begins(a, runs(95, 5))) << "that is the limit, and not over it";
  EXPECT_TRUE(begins(a, runs(94, 6)));
  EXPECT_FALSE(begins(a, runs(10, 10, now - 16 * minute))) << "they ended before the window";
  EXPECT_FALSE(begins(a, runs(0, 0)));
}

TEST(alerts, what_has_begun_ends_well_below_its_limit) {
  const manifest::alert a{"failure_rate", {}, 0.05, 15 * minute, 20};
  EXPECT_TRUE(goes_on(a, runs(955, 45)));
  EXPECT_FALSE(goes_on(a, runs(96, 4)));
  EXPECT_TRUE(goes_on(a, runs(1, 2))) << "few runs are no news";
  EXPECT_FALSE(goes_on(a, runs(0, 0)));
}

TEST(alerts, each_metric_reads_what_it_is_called) {
  EXPECT_TRUE(begins({"average_duration", {}, 1'900'000, 15 * minute, 1}, runs(3, 0)));
  EXPECT_FALSE(begins({"average_duration", {}, 2'000'000, 15 * minute, 1}, runs(3, 0)));
  EXPECT_TRUE(begins({"domain_failures", "credits", 0, 15 * minute, 0}, runs(50, 1)));
  EXPECT_FALSE(begins({"domain_failures", "roles", 0, 15 * minute, 0}, runs(50, 1)));
  alert_view stuck = runs(0, 0);
  EXPECT_FALSE(begins({"stuck_runs", {}, 0, 15 * minute, 20}, stuck));
  stuck.stuck = 1;
  EXPECT_TRUE(begins({"stuck_runs", {}, 0, 15 * minute, 20}, stuck));
  EXPECT_FALSE(begins({"held_runs", {}, 0, 15 * minute, 20}, stuck));
  stuck.held = 2;
  EXPECT_TRUE(begins({"held_runs", {}, 1, 15 * minute, 20}, stuck));
  EXPECT_FALSE(begins({"held_runs", {}, 2, 15 * minute, 20}, stuck));
  EXPECT_EQ(alert_text({"held_runs", {}, 1, 15 * minute, 20}, {true, 0, 2, 2}),
            "held_runs is 2, the limit is 1");
}

TEST(alerts, are_told_apart) {
  manifest::pipeline p = watched({"failure_rate", {}, 0.05, 15 * minute, 20});
  p.alerts.push_back({"failure_rate", {}, 0.5, 60 * minute, 20, "critical"});
  p.alerts.push_back({"domain_failures", "credits", 0, 15 * minute, 0, "critical"});
  EXPECT_EQ(alert_names(p), (std::vector<std::string>{"failure_rate", "failure_rate:50 %:1 h:critical",
                                                      "domain_failures:credits"}));
  EXPECT_EQ(longest_window_us(p), 60 * minute);
  EXPECT_EQ(alert_text(p.alerts[0], {true, 0, 0.125, 40}),
            "failure_rate is 12.5 % of 40 runs in 15 min, the limit is 5 %");
}

struct booked : ::testing::Test {
  std::vector<alert_change> look(const alert_view& v) {
    return evaluate(book, p, v, [this] { return "m" + std::to_string(++ids); });
  }
  manifest::pipeline p = watched({"failure_rate", {}, 0.05, 15 * minute, 20});
  alert_book book;
  int ids = 0;
};

TEST_F(booked, a_change_is_told_once) {
  EXPECT_TRUE(look(runs(100, 0)).empty());
  ASSERT_EQ(look(runs(50, 50)).size(), 1U);
  EXPECT_TRUE(look(runs(50, 50)).empty());
  ASSERT_EQ(book.messages.size(), 1U);
  const auto told = nlohmann::json::parse(book.messages[0].body);
  EXPECT_EQ(told["type"], "sluice.alert.firing.v1");
  EXPECT_EQ(told["data"]["alert"], "failure_rate");
  EXPECT_EQ(told["data"]["value"], 0.5);
  EXPECT_EQ(book.messages[0].to.find("hooks"), std::string::npos) << "an address may hold a secret";
  ASSERT_EQ(look(runs(100, 0)).size(), 1U);
  EXPECT_EQ(nlohmann::json::parse(book.messages[1].body)["type"], "sluice.alert.resolved.v1");
  const alert_book same = alert_book_from(to_text(book));
  EXPECT_EQ(to_text(same), to_text(book));
}

TEST_F(booked, a_message_is_sent_by_one_host_and_in_its_order) {
  look(runs(50, 50));
  look(runs(100, 0));
  const auto mine = take_messages(book, "a", now, minute);
  ASSERT_EQ(mine.size(), 1U);
  EXPECT_EQ(mine[0].id, "m1");
  EXPECT_TRUE(take_messages(book, "b", now + minute - 1, minute).empty());
  EXPECT_EQ(take_messages(book, "b", now + minute, minute).at(0).id, "m1") << "its host may be gone";
  EXPECT_TRUE(settle(book, "m1"));
  EXPECT_FALSE(settle(book, "m1"));
  EXPECT_EQ(take_messages(book, "a", now, minute).at(0).id, "m2");
}

TEST_F(booked, what_was_not_taken_is_tried_again_less_and_less_often_for_a_day) {
  look(runs(50, 50));
  std::int64_t at = now;
  int tries = 0;
  std::optional<alert_message> given_up;
  for (; tries < 1'000; ++tries) {
    at = std::max(at, book.messages.at(0).next_us);
    ASSERT_EQ(take_messages(book, "a", at, minute).size(), 1U);
    given_up = put_off(book, "m1", at);
    if (given_up) break;
    EXPECT_TRUE(take_messages(book, "a", book.messages[0].next_us - 1, minute).empty());
  }
  EXPECT_GE(tries, 8);
  EXPECT_LE(tries, 200);
  EXPECT_GE(at - now, 24 * 60 * minute);
  EXPECT_TRUE(book.messages.empty());
}

TEST_F(booked, what_nobody_takes_does_not_grow_without_end) {
  for (int n = 0; n < 150; ++n) look(runs(50, 50)), look(runs(100, 0));
  EXPECT_EQ(drop_oldest(book), 100U);
  EXPECT_EQ(book.messages.size(), 200U);
  EXPECT_EQ(book.messages.front().id, "m101");
}

// Two hosts of one store, whose runs all fail.
struct two_hosts : ::testing::Test {
  two_hosts() {
    store.migrate();
    const auto session = store.open_session();
    for (int n = 1; n <= 3; ++n) {
      engine::run_request ask;
      ask.run_id = "r" + std::to_string(n);
      ask.tenant = "t" + std::to_string(n);
      ask.pipeline = "p";
      ask.plan = "{}";
      const auto lease = session->start_run(ask, {});
      session->begin_stage(ask.run_id, lease.epoch,
                           {"credits.grants", engine::phase::background, true, false, "{}"});
      session->end_stage({ask.run_id, "credits.grants", 1, stage_state::failed, "SLU-3134", "away", {}});
      session->finish_run(ask.run_id, lease.epoch, false, "", "");
    }
  }
  alert_watch host(const std::string& name) {
    alert_watch_setup setup{store, log, name, [this] { return "m" + std::to_string(++ids); }};
    setup.send = [this, name](const webhook_call& call) {
      sent.push_back(name + " " + call.id + " " + call.url);
      return answer;
    };
    return alert_watch(std::move(setup));
  }
  std::vector<nlohmann::json> firing() {
    const auto session = store.open_session();
    return firing_alerts(*session, {p.get()});
  }

  testing::memory_store store;
  observe::redactor secrets;
  observe::logger log{{observe::log_level::error, 2}, secrets};
  std::shared_ptr<const manifest::pipeline> p =
      std::make_shared<manifest::pipeline>(watched({"domain_failures", "credits", 0, 15 * minute, 0}));
  std::vector<std::string> sent;
  std::string answer;
  int ids = 0;
};

TEST_F(two_hosts, one_of_them_evaluates_and_one_tells) {
  alert_watch a = host("a"), b = host("b");
  a.round({p});
  b.round({p});
  a.round({p});
  EXPECT_EQ(sent, (std::vector<std::string>{std::string("a m1 ") + hook}));
  ASSERT_EQ(firing().size(), 1U);
  EXPECT_EQ(firing()[0]["alert"], "domain_failures:credits");
  EXPECT_EQ(firing()[0]["value"], 3.0);
}

TEST_F(two_hosts, who_could_not_be_told_is_told_later) {
  answer = "it answered 500";
  alert_watch a = host("a");
  a.round({p});
  ASSERT_EQ(sent.size(), 1U);
  const auto session = store.open_session();
  const alert_book book = read_alert_book(*session, "p");
  ASSERT_EQ(book.messages.size(), 1U);
  EXPECT_EQ(book.messages[0].tries, 1);
  EXPECT_GT(book.messages[0].next_us, session->now_us());
}

TEST_F(two_hosts, an_address_that_the_manifest_has_no_more_is_told_nothing) {
  answer = "it answered 500";
  host("a").round({p});
  auto changed = std::make_shared<manifest::pipeline>(*p);
  changed->notify = {};
  const auto session = store.open_session();
  const auto known = session->read_note(alert_note("p"));
  alert_book book = alert_book_from(known.text);
  book.messages.at(0).next_us = 0;
  ASSERT_TRUE(session->write_note(alert_note("p"), known.version, to_text(book)));
  host("b").round({changed});
  EXPECT_EQ(sent.size(), 1U);
  EXPECT_TRUE(read_alert_book(*session, "p").messages.empty());
}

TEST_F(two_hosts, a_message_is_sent_with_what_its_secret_is_now_and_never_without) {
  auto signed_ones = std::make_shared<manifest::pipeline>(*p);
  signed_ones->notify = {{hook, "${secret:env:HOOK}"}};
  std::string value = "first";
  std::vector<std::string> with;
  alert_watch_setup setup{store, log, "a", [this] { return "m" + std::to_string(++ids); }};
  setup.secret = [&](const manifest::pipeline&, const std::string& text) -> std::string {
    EXPECT_EQ(text, "${secret:env:HOOK}");
    if (value.empty()) throw plugin::error(plugin::status::denied, "SLU-6020", "HOOK is not set");
    return value;
  };
  setup.send = [&](const webhook_call& call) {
    with.push_back(call.secret);
    return std::string();
  };
  value.clear();
  alert_watch a(std::move(setup));
  a.round({signed_ones});
  EXPECT_TRUE(with.empty()) << "it would not be believed";
  const auto session = store.open_session();
  const auto known = session->read_note(alert_note("p"));
  alert_book book = alert_book_from(known.text);
  ASSERT_EQ(book.messages.size(), 1U);
  EXPECT_EQ(book.messages[0].tries, 1);
  book.messages[0].next_us = 0;
  ASSERT_TRUE(session->write_note(alert_note("p"), known.version, to_text(book)));
  value = "second";
  a.round({signed_ones});
  EXPECT_EQ(with, std::vector<std::string>{"second"});
}

// The example of the specification.
TEST(webhooks, are_signed_as_standard_webhooks_has_it) {
  webhook_call call{"", R"({"test": 2432232314})", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330,
                    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
  EXPECT_EQ(webhook_signature(call), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  call.secret = "whsec_no/base64!";
  EXPECT_THROW(static_cast<void>(webhook_signature(call)), engine::failure);
  call.secret = "any other text";
  EXPECT_EQ(webhook_signature(call).substr(0, 3), "v1,");
}

TEST(webhooks, show_where_and_not_with_what) {
  EXPECT_EQ(shown_address("https://user:pass@hooks.example:8443/T0/B1?key=2"), "https://hooks.example:8443");
  EXPECT_EQ(shown_address("http://127.0.0.1:9"), "http://127.0.0.1:9");
  EXPECT_EQ(shown_address("nonsense"), "?");
}

}  // namespace
}  // namespace sluice::host
