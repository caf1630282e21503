#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "loader/support.hpp"
#include "plugin/report.hpp"

namespace sluice::plugin::test {

using nlohmann::json;
using the_doctor = loader_test;

TEST_F(the_doctor, shows_every_check_that_passed) {
  install("good");
  const json report = doctor_report(scan(), std::nullopt);
  EXPECT_TRUE(report["healthy"]);
  const json& good = report["plugins"][0];
  EXPECT_EQ(good["name"], "good");
  EXPECT_EQ(good["sha256"].get<std::string>().size(), 64U);
  std::vector<std::string> checks;
  for (const json& c : good["checks"]) {
    EXPECT_TRUE(c["ok"]) << c;
    checks.push_back(c["check"]);
  }
  EXPECT_THAT(checks,
              ::testing::ElementsAre(
                  "plugin.json is right", "plugin folder is safe", "plugin's own folder is safe",
                  "plugin.json is a file", "plugin.json belongs to root or the host's user",
                  "plugin.json is not writable by others", "library is a file",
                  "library belongs to root or the host's user", "library is not writable by others",
                  "library is a shared library", "library is for this machine", "library exports the entry",
                  "library can be loaded", "contract version fits", "description is complete",
                  "compiled-in plugin.json is the file's", "code offers what plugin.json declares"));
}

TEST_F(the_doctor, shows_all_failures_of_a_plugin_with_their_remedies) {
  fs::permissions(install("good"), fs::perms(0666));
  fs::permissions(plugins_ / "good", fs::perms(0777));
  const json report = doctor_report(scan(), std::nullopt);
  EXPECT_FALSE(report["healthy"]);
  std::vector<std::string> failed;
  for (const json& c : report["plugins"][0]["checks"]) {
    if (!c["ok"]) failed.push_back(c["code"].get<std::string>() + ": " + without_root(c["fix"]));
  }
  EXPECT_THAT(failed,
              ::testing::ElementsAre("SLU-2014: run `chmod go-w plugins/good`",
                                     "SLU-2013: run `chmod go-w plugins/good/good.so`, and make sure that "
                                     "nobody has changed it"));
}

TEST_F(the_doctor, names_symbols_that_two_plugins_export) {
  install("clash_a");
  install("clash_b");
  const json report = doctor_report(scan(), std::nullopt);
  EXPECT_TRUE(report["healthy"]);
  EXPECT_THAT(report["shared_symbols"],
              ::testing::Contains(json{{"symbol", "clash_word"}, {"plugins", {"clash_a", "clash_b"}}}));
}

TEST_F(the_doctor, tells_of_plugins_that_are_broken) {
  install("good");
  replace(plugins_ / "good/plugin.json", R"("key": ["external_id"])", R"("key": ["id"])");
  const json report = doctor_report(scan(), std::nullopt);
  EXPECT_FALSE(report["healthy"]);
  EXPECT_EQ(report["plugins"][0]["checks"][0]["code"], "SLU-2003");
}

TEST_F(the_doctor, is_apart_from_the_list_and_the_full_description) {
  install("good");
  install("pages");
  const json list = list_report(scan());
  EXPECT_EQ(list["plugins"].size(), 2U);
  EXPECT_EQ(list["plugins"][1]["components"][0]["kind"], "source");
  const json shown = show_report(scan(), "good");
  EXPECT_EQ(shown["components"][0]["streams"][0]["columns"][1]["type"], "int");
  EXPECT_THROW((void)show_report(scan(), "goo"), error);
}

}  // namespace sluice::plugin::test
