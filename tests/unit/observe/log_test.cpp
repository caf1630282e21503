#include "observe/log.hpp"

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

namespace sluice::observe {

using nlohmann::json;

class log_test : public ::testing::Test {
 protected:
  log_test() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    // Larger than what any test writes.
    ::fcntl(ends_[1], F_SETPIPE_SZ, 1 << 20);
  }
  ~log_test() override {
    close_reader();
    close_writer();
  }
  void close_reader() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }
  void close_writer() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  [[nodiscard]] log_options options(log_level level = log_level::info) const { return {level, ends_[1]}; }

  std::vector<json> lines() {
    close_writer();
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    std::vector<json> out;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      out.push_back(json::parse(text.substr(at, text.find('\n', at) - at)));
    }
    return out;
  }

  int ends_[2] = {-1, -1};
  redactor secrets_;
};

TEST_F(log_test, gives_lines_without_a_correlation_id_that_of_the_process) {
  logger log(options(), secrets_);
  log.write(log_level::info, {}, "before");
  log.set_correlation_id("sync-acme-1-0badcafe");
  log.write(log_level::info, {}, "its own");
  log.write(log_level::info, {.correlation_id = "other"}, "another's");
  const auto all = lines();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all[0].contains("correlation_id"));
  EXPECT_EQ(all[1]["correlation_id"], "sync-acme-1-0badcafe");
  EXPECT_EQ(all[2]["correlation_id"], "other");
}

TEST_F(log_test, writes_one_json_object_a_line_with_context_and_fields) {
  logger log(options(), secrets_);
  log.write(log_level::warn, {"sync-acme-1-2", "acme", "run-1", "http", "SLU-3103"}, "page refused",
            {{"page", 12}, {"ratio", 0.5}, {"last", true}, {"rows", std::size_t{7}}, {"path", "/users"}});
  const auto all = lines();
  ASSERT_EQ(all.size(), 1U);
  json line = all[0];
  EXPECT_EQ(line["ts"].get<std::string>().size(), std::string("2026-01-01T00:00:00.000000Z").size());
  EXPECT_FALSE(line["next"].get<std::string>().empty()) << "what docs/errors.md says of the code";
  line.erase("ts");
  line.erase("next");
  EXPECT_EQ(line, json::parse(R"({"level":"warn","msg":"page refused","correlation_id":"sync-acme-1-2",
      "tenant":"acme","run_id":"run-1","plugin":"http","code":"SLU-3103","page":12,"ratio":0.5,"last":true,
      "rows":7,"path":"/users"})"));
}

TEST_F(log_test, leaves_out_what_is_empty_and_what_is_below_the_level) {
  logger log(options(log_level::warn), secrets_);
  EXPECT_FALSE(log.enabled(log_level::info));
  log.write(log_level::info, {}, "not this");
  log.set_level(log_level::debug);
  log.write(log_level::debug, {}, "but this");
  const auto all = lines();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].size(), 3U);
  EXPECT_EQ(all[0]["msg"], "but this");
}

// covers: P22
TEST_F(log_test, never_shows_a_secret_wherever_it_stands) {
  secrets_.add("hunter2hunter2");
  secrets_.add("12345678");
  logger log(options(), secrets_);
  log.write(log_level::info, {.tenant = "hunter2hunter2"}, "msg hunter2hunter2",
            {{"pin", 12345678}, {"n", 5}});
  log.write_json(log_level::info, {}, "m", R"({"deep":{"list":["hunter2hunter2"],"hunter2hunter2":1}})");
  log.write_json(log_level::info, {}, "m", R"(not json: hunter2hunter2)");
  for (const json& line : lines()) EXPECT_FALSE(secrets_.holds_secret(line.dump())) << line;
}

// covers: A13
TEST_F(log_test, takes_fields_of_plugins_without_trusting_them) {
  logger log(options(), secrets_);
  log.write_json(log_level::info, {.plugin = "http"}, "m", R"({"plugin":"forged","level":1,"a":2})");
  log.write_json(log_level::info, {}, "m", std::string(100'000, '['));
  log.write_json(log_level::info, {}, "m", std::string(1000, '[') + std::string(1000, ']'));
  log.write_json(log_level::info, {}, "m",
                 "{\"deep\":" + std::string(1000, '[') + std::string(1000, ']') + "}");
  log.write_json(log_level::info, {}, "bad \xff text", {});
  const auto all = lines();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0]["plugin"], "http");
  EXPECT_EQ(all[0]["plugin_"], "forged");
  EXPECT_EQ(all[0]["level"], "info");
  EXPECT_EQ(all[0]["a"], 2);
  EXPECT_TRUE(all[1]["fields"].is_string());
  EXPECT_TRUE(all[2]["fields"].is_string());
}

// covers: H11
TEST_F(log_test, survives_a_reader_that_is_gone) {
  close_reader();
  std::signal(SIGPIPE, SIG_DFL);
  logger log(options(), secrets_);
  log.write(log_level::error, {}, "to nobody");
  log.write(log_level::error, {}, "to nobody");
  EXPECT_EQ(log.lost_lines(), 2U);
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
}

// covers: H11
TEST_F(log_test, does_not_wait_for_a_reader_that_stands_still) {
  ::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
  ::fcntl(ends_[1], F_SETPIPE_SZ, 4096);
  logger log(options(), secrets_);
  log.write(log_level::info, {}, std::string(8192, 'x'));
  EXPECT_EQ(log.lost_lines(), 1U);
}

TEST_F(log_test, keeps_lines_of_many_threads_whole) {
  logger log(options(), secrets_);
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&log, w] {
      for (int i = 0; i < 100; ++i)
        log.write(log_level::info, {}, std::string(300, 'x'), {{"w", w}, {"i", i}});
    });
  }
  for (std::thread& t : writers) t.join();
  EXPECT_EQ(lines().size(), 400U);
}

TEST(log_level, has_names) {
  for (const log_level l : {log_level::debug, log_level::info, log_level::warn, log_level::error}) {
    EXPECT_EQ(log_level_from(to_text(l)), l);
  }
  EXPECT_EQ(log_level_from("loud"), std::nullopt);
}

}  // namespace sluice::observe
