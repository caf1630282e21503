#include <cstring>
#include <new>
#include <stdexcept>

#include <gmock/gmock.h>

#include <sluice/detail/guard.hpp>

namespace {

using sluice::failure;
using sluice::status;
using sluice::detail::guard;
using sluice::detail::view;

class guarded : public ::testing::Test {
 protected:
  guarded() { error_.size = sizeof error_; }
  ~guarded() override {
    if (error_.release != nullptr) error_.release(&error_);
  }
  sluice_error error_{};
};

TEST_F(guarded, says_nothing_when_all_is_well) {
  EXPECT_EQ(guard(&error_, [] {}), SLUICE_OK);
  EXPECT_EQ(error_.release, nullptr);
}

TEST_F(guarded, carries_everything_that_a_failure_says) {
  const auto s = guard(&error_, [] {
    throw failure(status::throttled, "SLU-3103", "GET /users: 429", std::chrono::milliseconds(1500), 429);
  });
  EXPECT_EQ(s, SLUICE_THROTTLED);
  EXPECT_EQ(view(error_.message), "GET /users: 429");
  EXPECT_EQ(view(error_.code), "SLU-3103");
  EXPECT_EQ(error_.retry_after_ms, 1500);
  EXPECT_EQ(error_.http_status, 429);
}

TEST_F(guarded, comes_out_on_the_other_side_as_it_went_in) {
  const auto s = guard(&error_, [] {
    throw failure(status::throttled, "SLU-3103", "later", std::chrono::milliseconds(7), 503);
  });
  const failure f = sluice::detail::take_error(s, error_);
  EXPECT_EQ(f.kind(), status::throttled);
  EXPECT_EQ(f.message(), "later");
  EXPECT_EQ(f.retry_after().count(), 7);
  EXPECT_EQ(f.http_status(), 503);
  EXPECT_EQ(error_.release, nullptr);
}

// covers: G1
TEST_F(guarded, turns_other_exceptions_into_a_defect_of_the_plugin) {
  EXPECT_EQ(guard(&error_, [] { throw std::out_of_range("at"); }), SLUICE_INTERNAL);
  EXPECT_EQ(view(error_.message), "the plugin failed: at; report this to its authors");
  EXPECT_EQ(view(error_.code), sluice::codes::plugin_defect);
}

// covers: G1
TEST_F(guarded, stops_even_what_is_no_exception) {
  EXPECT_EQ(guard(&error_, [] { throw 7; }), SLUICE_INTERNAL);
  EXPECT_THAT(std::string(view(error_.message)), testing::HasSubstr("not a std::exception"));
}

// covers: H5
TEST_F(guarded, lets_the_host_try_again_when_memory_was_short) {
  EXPECT_EQ(guard(&error_, [] { throw std::bad_alloc(); }), SLUICE_TRANSIENT);
  EXPECT_EQ(view(error_.code), sluice::codes::out_of_memory);
}

TEST_F(guarded, works_without_an_error_struct) {
  EXPECT_EQ(guard(nullptr, [] { throw failure(status::denied, "SLU-3110", "no"); }), SLUICE_DENIED);
}

// covers: G4
TEST(guard_of_an_older_host, leaves_alone_what_its_struct_does_not_have) {
  for (const std::size_t size : {sizeof(std::uint32_t), offsetof(sluice_error, message),
                                 offsetof(sluice_error, release), offsetof(sluice_error, impl)}) {
    sluice_error e;
    std::memset(static_cast<void*>(&e), 0x5A, sizeof e);
    e.size = static_cast<std::uint32_t>(size);
    EXPECT_EQ(guard(&e, [] { throw failure(status::throttled, "c", "m", std::chrono::milliseconds(9)); }),
              SLUICE_THROTTLED);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&e);
    for (std::size_t i = size; i < sizeof e; ++i)
      ASSERT_EQ(bytes[i], 0x5A) << "byte " << i << " of size " << size;
    EXPECT_EQ(e.retry_after_ms, size > offsetof(sluice_error, retry_after_ms) ? 9 : 0x5A5A5A5A);
  }
}

}  // namespace
