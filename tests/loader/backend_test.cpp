#include <gmock/gmock.h>

#include "loader/support.hpp"
#include "plugin/backend_instance.hpp"

namespace sluice::plugin::test {

using ::testing::ElementsAre;

class a_backend : public loader_test {
 protected:
  a_backend() {
    install("steps");
    catalog_.emplace(scan());
    loader_.emplace(*catalog_, std::nullopt);
    backend_.emplace(loader_->open(component_kind::backend, "steps"), host_, "{}");
  }
  fake_host host_;
  std::optional<catalog> catalog_;
  std::optional<loader> loader_;
  std::optional<backend_instance> backend_;
};

TEST_F(a_backend, reaches_every_service_of_the_host) {
  backend_->start("run-1", "the step");
  EXPECT_THAT(
      host_.calls(),
      ElementsAre("metric_add steps starts 1.000000", "metric_set steps depth 2.500000",
                  "expand_secret |${secret:env:TOKEN}", "log info steps |secret of length 14 ",
                  "run_step run-1 the step", "log warn steps |progress {\"pages\":1}", "run_ended run-1"));
}

TEST_F(a_backend, gets_the_errors_of_the_host_and_hands_them_back) {
  try {
    backend_->start("run-1", "refuse");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.kind(), status::invalid);
    EXPECT_EQ(e.code(), "SLU-6001");
    EXPECT_EQ(e.message(), "no such step");
  }
}

TEST_F(a_backend, says_why_it_takes_no_runs) {
  const auto why = backend_->health();
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->kind(), status::transient);
  EXPECT_EQ(why->message(), "no worker polls the queue");
  EXPECT_NO_THROW(backend_->cancel("run-1"));
  EXPECT_NO_THROW(backend_->reconcile(R"({"runs": []})"));
}

}  // namespace sluice::plugin::test
