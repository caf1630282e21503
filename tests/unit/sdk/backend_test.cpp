#include <gmock/gmock.h>

#include <sluice/backend.hpp>
#include <sluice/testing/call.hpp>
#include <sluice/testing/host.hpp>

namespace {

namespace testkit = sluice::testkit;
using sluice::detail::view;

// The host's side, played by the test.
struct played {
  static inline std::vector<std::string> calls;
  static inline sluice_step_progress progress;
  static inline sluice_step_done done;
  static inline void* data;
  static inline bool refuse;

  static sluice_status run_step(const sluice_host*, sluice_str run, sluice_str step, sluice_step_progress p,
                                sluice_step_done d, void* ptr, sluice_error* e) {
    calls.push_back("step " + std::string(view(run)) + " " + std::string(view(step)));
    progress = p;
    done = d;
    data = ptr;
    return sluice::detail::guard(e, [] {
      if (refuse) throw sluice::failure(sluice::status::not_found, "SLU-6001", "no such run");
    });
  }
  static sluice_status run_ended(const sluice_host*, sluice_str run, sluice_error*) {
    calls.push_back("ended " + std::string(view(run)));
    return SLUICE_OK;
  }
  static constexpr sluice_steps_v1 table{sizeof(sluice_steps_v1), run_step, run_ended};
};

// Runs one step and ends the run.
class single : public sluice::backend {
 public:
  explicit single(const sluice::setup& s) : steps_(s.host) {}
  void start(std::string_view run_id, std::string_view) override {
    steps_.run_step(
        run_id, "{}", [](std::string_view json) { played::calls.push_back("progress " + std::string(json)); },
        [this, run = std::string(run_id)](sluice::step_outcome o, std::string_view json) {
          if (json == "throw") throw std::runtime_error("in the callback");
          if (o == sluice::step_outcome::ended) steps_.run_ended(run);
        });
  }
  void cancel(std::string_view) override {
    throw sluice::failure(sluice::status::not_found, "SLU-6001", "no such run");
  }
  void reconcile(std::string_view) override {}

 private:
  sluice::steps steps_;
};

struct meta {
  static constexpr const char* name = "single";
};

class backend : public ::testing::Test {
 protected:
  backend() {
    played::calls.clear();
    played::refuse = false;
    host_.offer(SLUICE_STEPS_1, &played::table);
    error_.size = sizeof error_;
    EXPECT_EQ(table_.create(host_.raw(), {"{}", 2}, &self_, &error_), SLUICE_OK);
  }
  ~backend() override {
    table_.destroy(self_);
    if (error_.release != nullptr) error_.release(&error_);
  }
  sluice_status start() { return table_.start(self_, {"r1", 2}, {"{}", 2}, &error_); }

  testkit::fake_host host_;
  const sluice_backend_v1& table_ =
      *static_cast<const sluice_backend_v1*>(sluice::backend_of<single, meta>::component.table);
  sluice_error error_{};
  void* self_ = nullptr;
};

TEST_F(backend, runs_a_step_and_ends_the_run) {
  EXPECT_EQ(start(), SLUICE_OK);
  played::progress(played::data, {"{1}", 3});
  played::done(played::data, SLUICE_STEP_ENDED, {"{}", 2});
  EXPECT_THAT(played::calls, testing::ElementsAre("step r1 {}", "progress {1}", "ended r1"));
  EXPECT_EQ(table_.health(self_, &error_), SLUICE_OK);
}

TEST_F(backend, hears_at_once_that_a_step_is_refused) {
  played::refuse = true;
  EXPECT_EQ(start(), SLUICE_NOT_FOUND);
  EXPECT_EQ(view(error_.message), "no such run");
}

TEST_F(backend, reports_a_callback_that_throws_in_the_log) {
  EXPECT_EQ(start(), SLUICE_OK);
  played::done(played::data, SLUICE_STEP_ENDED, {"throw", 5});
  ASSERT_EQ(host_.lines().size(), 1U);
  EXPECT_THAT(host_.lines()[0].message, testing::HasSubstr("in the callback"));
}

TEST_F(backend, passes_its_own_failures_on) {
  EXPECT_EQ(table_.cancel(self_, {"r1", 2}, &error_), SLUICE_NOT_FOUND);
}

TEST(backend_without_steps, names_the_service_that_the_host_lacks) {
  testkit::fake_host host;
  try {
    const sluice::steps s{sluice::host_ref(host.raw())};
    FAIL();
  } catch (const sluice::failure& f) {
    EXPECT_EQ(f.message(), "this host (0) has no service sluice.steps/1; upgrade the host");
  }
}

TEST(host_ref, expands_secrets_and_gives_them_back) {
  testkit::fake_host host;
  testkit::fake_call call;
  host.secrets["${tenant.secrets.crm}"] = "s3cret";
  const sluice::host_ref ref(host.raw());
  {
    const sluice::secret s = ref.expand(call.view(), "${tenant.secrets.crm}");
    EXPECT_EQ(s.value(), "s3cret");
    EXPECT_EQ(host.secrets_alive(), 1);
  }
  EXPECT_EQ(host.secrets_alive(), 0);
  EXPECT_THROW(ref.expand(call.view(), "${tenant.secrets.x}"), sluice::failure);
  ref.add("requests", 2);
  ref.add("requests");
  EXPECT_EQ(host.metric("requests"), 3);
}

}  // namespace
