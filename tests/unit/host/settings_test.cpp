// The host file's keys for a serving host, and what it says to wrong ones.
#include "host/settings.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "plugin/error.hpp"

namespace sluice::host {

namespace {

class host_file : public ::testing::Test {
 protected:
  settings read(const std::string& text) {
    std::ofstream(file_) << text;
    return read_settings(file_);
  }
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const plugin::error& e) {
      return e.message();
    }
    return "accepted";
  }
  ~host_file() override { std::filesystem::remove(file_); }

  std::filesystem::path file_ = std::filesystem::path(::testing::TempDir()) / "sluice-host-file-test.yaml";
};

}  // namespace

TEST_F(host_file, says_what_is_kept_and_how_much_runs) {
  const settings s = read(
      "manifests: all\nlimits: { active_runs: 8, queued_runs: 0 }\n"
      "retention: { runs: 1h, ledger: 30m, rejects: 2d, tombstones: forever }\n");
  EXPECT_EQ(s.manifests, file_.parent_path() / "all");
  EXPECT_EQ(s.limits.active_runs, 8);
  EXPECT_EQ(s.limits.queued_runs, 0);
  EXPECT_EQ(s.retention.runs_us, 3'600'000'000);
  EXPECT_EQ(s.retention.ledger_us, 1'800'000'000);
  EXPECT_EQ(s.retention.rejects_us, 2 * retention_ages::day_us);
  EXPECT_EQ(s.retention.tombstones_us, 0);
  EXPECT_EQ(read("log: { level: warn }").limits.active_runs, 64);
}

TEST_F(host_file, says_who_has_which_share) {
  const admission_limits l = read(
                                 "limits: { essential_reserved: 40%, tenant_share: 10%, sick_share: 5%, "
                                 "queue_wait: 30s, tenant_starts: 5/s, "
                                 "tenant_at_once: 20 }")
                                 .limits;
  EXPECT_DOUBLE_EQ(l.essential_reserved, 0.4);
  EXPECT_DOUBLE_EQ(l.tenant_share, 0.1);
  EXPECT_DOUBLE_EQ(l.sick_share, 0.05);
  EXPECT_EQ(l.queue_wait_us, 30'000'000);
  EXPECT_DOUBLE_EQ(l.starts.per_second, 5);
  EXPECT_EQ(l.starts.at_once, 20);
  EXPECT_EQ(read("limits: { queue_wait: forever, tenant_starts: any }").limits.queue_wait_us, 0);
  EXPECT_NE(refusal("limits: { queue_wait: 0s }").find("1s or more"), std::string::npos);
  EXPECT_NE(refusal("limits: { tenant_share: 0% }").find("from 1% to 100%"), std::string::npos);
  EXPECT_NE(refusal("limits: { essential_reserved: 100% }").find("from 0% to 99%"), std::string::npos);
  EXPECT_NE(refusal("limits: { tenant_starts: 5 }").find("a rate such as"), std::string::npos);
}

TEST_F(host_file, refuses_what_makes_no_sense) {
  EXPECT_NE(refusal("limits: { active_runs: 0 }").find("from 1 to"), std::string::npos);
  EXPECT_NE(refusal("limits: { active_runs: 8x }").find("whole number"), std::string::npos);
  EXPECT_NE(refusal("limits: { runs: 8 }").find("unknown key `limits.runs`"), std::string::npos);
  EXPECT_NE(refusal("retention: { runs: 90 }").find("must be a time"), std::string::npos);
  EXPECT_NE(refusal("retention: 90d").find("must be a mapping"), std::string::npos);
  EXPECT_NE(refusal("retention: { tombstones: 10d }").find("can't be shorter"), std::string::npos);
  EXPECT_NE(refusal("retention: { rejects: forever }").find("can't be shorter"), std::string::npos);
  EXPECT_EQ(refusal("retention: { rejects: forever, tombstones: forever }"), "accepted");
}

TEST_F(host_file, says_where_to_listen) {
  const listen_settings l = read(
                                "listen: { address: \"0.0.0.0:7464\", connections: 9, socket: run/admin.sock, "
                                "tls: { certificate: host.pem, key: /etc/keys/host.key } }\n")
                                .listen;
  EXPECT_EQ(l.address, "0.0.0.0:7464");
  EXPECT_EQ(l.connections, 9);
  EXPECT_EQ(l.socket, file_.parent_path() / "run/admin.sock");
  EXPECT_EQ(l.tls.value().certificate, file_.parent_path() / "host.pem");
  EXPECT_EQ(l.tls.value().key, "/etc/keys/host.key");
  EXPECT_FALSE(read("log: { level: warn }").listen.anywhere());
  EXPECT_TRUE(read("listen: { socket: admin.sock }").listen.anywhere());
  EXPECT_EQ(read("listen: { socket: a, socket_group: adm }").listen.socket_group, "adm");
  EXPECT_NE(refusal("listen: { socket_group: adm }").find("needs a `listen.socket`"), std::string::npos);
  EXPECT_DOUBLE_EQ(l.wrong_tokens_per_second, 10.0 / 60);
  EXPECT_DOUBLE_EQ(read("listen: { wrong_tokens: 2/s }").listen.wrong_tokens_per_second, 2);
  EXPECT_DOUBLE_EQ(read("listen: { wrong_tokens: any }").listen.wrong_tokens_per_second, 0);
  EXPECT_NE(refusal("listen: { wrong_tokens: many }").find("must be a rate such as 10/m"), std::string::npos);
  EXPECT_NE(refusal("listen: { address: \"[::1]:1\", tls: { key: a } }").find("needs both"), std::string::npos);
  EXPECT_NE(refusal("listen: { address: \"[::1]:1\", tls: { keys: a } }").find("unknown key `listen.tls.keys`"),
            std::string::npos);
  EXPECT_NE(refusal("listen: { tls: { certificate: a, key: b } }").find("needs a `listen.address`"),
            std::string::npos);
}

}  // namespace sluice::host
