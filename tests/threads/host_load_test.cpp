// Several tenants at once in one process, each asked for by several callers, some of whom change their mind;
// and into PostgreSQL two hosts side by side. Every thread of a host takes part: the engine's, the workers',
// the store's, the sources'.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "store/temp_folder.hpp"
#include "support/one_host.hpp"
#include "support/postgres_fixture.hpp"
#include "upstream/server.hpp"

namespace sluice::testing {

namespace {

constexpr int tenants = 4, callers = 3, rounds = 2;

std::string tenant(int n) { return "t" + std::to_string(n); }

upstream::options upstream_options() {
  upstream::options o;
  for (int n = 0; n < tenants; ++n) o.tenants[tenant(n)] = 60;
  o.max_limit = 20;
  o.seed = 7;
  return o;
}

std::string manifest_text(const std::string& store) {
  std::string out = "sluice: 1\nname: load\nstore: " + store + "\ntenants:\n";
  for (int n = 0; n < tenants; ++n) {
    out +=
        "  " + tenant(n) + ": { secrets: { crm: \"${secret:env:LOAD_TOKEN_" + std::to_string(n) + "}\" } }\n";
  }
  return out + R"(
sources:
  crm: { uses: http, base_url: "${env:LOAD_URL}", auth: { bearer: "${tenant.secrets.crm}" }, limits: { in_flight: 8 } }
domains:
  entities: { uses: entities, reads: { users: { from: crm }, organizations: { from: crm }, groups: { from: crm }, memberships: { from: crm } } }
  credits: { uses: credits, reads: { credits: { from: crm } } }
  roles: { uses: roles, reads: { roles: { from: crm }, role_parts: { from: crm }, assignments: { from: crm }, members: { from: crm } } }
phases:
  essential: { deadline: 60s, fresh_for: 0s, sync: [ credits, { entities: { deletes: sweep } } ] }
  background: { fresh_for: 0s, sync: [ roles ] }
backends: { direct: { uses: direct } }
routing: { default: direct }
)";
}

class host_load : public ::testing::Test {
 protected:
  host_load() : upstream_(upstream_options()) {
    setenv("LOAD_URL", upstream_.url().c_str(), 1);
    for (int n = 0; n < tenants; ++n) {
      setenv(("LOAD_TOKEN_" + std::to_string(n)).c_str(), ("token-" + tenant(n)).c_str(), 1);
    }
  }

  // One caller: asks, listens to progress, waits; a nosy one cancels.
  void call(host::runtime& runtime, const std::string& who, bool cancels) {
    host::run_ask ask;
    ask.tenant = who;
    ask.on_progress = [this](const engine::progress& p) { pages_ += p.pages > 0 ? 1 : 0; };
    const auto answer = runtime.start(ask);
    if (cancels) runtime.cancel(answer.run_id);
    const auto row = runtime.wait(answer.run_id, [] { return false; });
    ASSERT_TRUE(row.has_value());
    const bool good = row->state == engine::run_state::succeeded;
    EXPECT_TRUE(good || row->state == engine::run_state::cancelled)
        << to_string(row->state) << " " << row->error_code << " " << row->error;
    ++ended_;
  }

  void storm(const std::vector<host::runtime*>& hosts, bool somebody_cancels) {
    std::vector<std::thread> threads;
    for (int n = 0; n < tenants; ++n) {
      for (int c = 0; c < callers; ++c) {
        host::runtime& at = *hosts[static_cast<std::size_t>(c) % hosts.size()];
        threads.emplace_back([this, &at, n, c, somebody_cancels] {
          call(at, tenant(n), somebody_cancels && n == 0 && c == 0);
        });
      }
    }
    for (std::thread& t : threads) t.join();
  }

  upstream::server upstream_;
  std::atomic<int> ended_{0}, pages_{0};
};

}  // namespace

// covers: P9, P10, P12, M3
TEST_F(host_load, many_callers_of_many_tenants_share_one_file) {
  const temp_folder folder;
  one_host host(manifest_text("{ uses: sqlite, path: \"" + (folder.path() / "load.db").string() + "\" }"));
  for (int round = 0; round < rounds; ++round) storm({&host.runtime()}, round == 1);
  EXPECT_EQ(ended_, tenants * callers * rounds);
  EXPECT_GT(pages_, tenants * 8);
}

// covers: P9, P10, H12
TEST_F(host_load, two_hosts_share_one_server) {
  if (postgres_cluster::shared() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed here";
  setenv("LOAD_DSN", postgres_cluster::shared()->new_database().c_str(), 1);
  const std::string store = "{ uses: postgres, dsn: \"${secret:env:LOAD_DSN}\", pool: 3 }";
  one_host first(manifest_text(store)), second(manifest_text(store));
  for (int round = 0; round < rounds; ++round) storm({&first.runtime(), &second.runtime()}, round == 1);
  EXPECT_EQ(ended_, tenants * callers * rounds);
}

// A host that goes away in the middle leaves its runs to the next one, and waits for nothing.
// covers: P14, P15
TEST_F(host_load, a_host_that_leaves_in_the_middle_ends_and_fails_no_run) {
  const temp_folder folder;
  const std::string store = "{ uses: sqlite, path: \"" + (folder.path() / "load.db").string() + "\" }";
  {
    one_host leaving(manifest_text(store));
    for (int n = 0; n < tenants; ++n) {
      host::run_ask ask;
      ask.tenant = tenant(n);
      leaving.runtime().start(ask);
    }
  }
  const auto left = store::open_store({"sqlite", folder.path() / "load.db", {}, 1, {}, false});
  const auto runs = left->open_session()->list_runs({});
  EXPECT_EQ(runs.size(), static_cast<std::size_t>(tenants));
  for (const engine::run_row& r : runs) {
    EXPECT_TRUE(!engine::is_terminal(r.state) || r.state == engine::run_state::succeeded)
        << to_string(r.state);
  }
}

}  // namespace sluice::testing
