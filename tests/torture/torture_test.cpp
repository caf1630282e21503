// Fails every call of the store and every read of the source, one after the other, once and from there on for
// good. Each time the life that meets it must end, and say why; and the next one, without faults, must hold
// exactly what the source has.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "store/harness.hpp"
#include "torture/life.hpp"

namespace sluice::torture {

using engine::failure;
using engine::failure_class;
using testing::fault;

namespace {

bool full() {
  const char* tier = std::getenv("SLUICE_TEST_TIER");
  return tier != nullptr && std::string(tier) == "full";
}

std::set<std::string> held_by(testing::store_under_test& store) {
  std::set<std::string> out;
  for (const char* stream : {"entities", "credits", "notes"}) {
    for (const auto& row : store.rows(testing::stream_named(stream))) {
      if (row.at("deleted") == "true") continue;
      const auto name = row.find("name");
      out.insert(std::string(stream) + " " + row.at("external_id") + " " +
                 (name == row.end() ? "" : name->second));
    }
  }
  return out;
}

class torture : public ::testing::TestWithParam<testing::backend> {
 protected:
  void SetUp() override {
    if (!GetParam().make) GTEST_SKIP() << GetParam().why_not;
  }

  // A store that holds the first version.
  [[nodiscard]] static std::unique_ptr<testing::store_under_test> filled() {
    auto out = GetParam().make();
    out->get().migrate();
    out->get().ensure_streams("tests", "1.0.0", testing::all_streams());
    const auto session = out->get().open_session();
    const outcome first = live(*session, 1, 1, {});
    EXPECT_EQ(first.state, engine::run_state::succeeded) << why(first);
    return out;
  }

  static std::string why(const outcome& o) {
    return o.broken + (o.failed ? " " + o.failed->code() + " " + o.failed->message() : "");
  }

  // How many calls and reads an undisturbed life makes with the second version.
  [[nodiscard]] static outcome undisturbed() {
    const auto store = filled();
    outcome out = live(*store->get().open_session(), 2, 2, {});
    EXPECT_EQ(out.state, engine::run_state::succeeded) << why(out);
    EXPECT_EQ(held_by(*store), small_world::expected(2));
    return out;
  }

  // Every n-th, where a full look takes too long.
  [[nodiscard]] static int stride() {
    if (full() || GetParam().name == "memory") return full() && GetParam().name == "postgres" ? 3 : 1;
    return GetParam().name == "sqlite" ? 5 : 17;
  }

  static void check_said_why(const outcome& bad, engine::session& session) {
    EXPECT_EQ(bad.broken, "");
    if (bad.failed) {
      EXPECT_TRUE(bad.failed->code().starts_with("SLU-")) << bad.failed->code();
      EXPECT_FALSE(bad.failed->message().empty());
      return;
    }
    ASSERT_TRUE(bad.state.has_value());
    const auto row = session.show_run(bad.run_id);
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->state, *bad.state);
    bool told = *bad.state == engine::run_state::succeeded || !row->error_code.empty();
    for (const auto& s : row->stages) told = told || !s.error_code.empty();
    EXPECT_TRUE(told) << "it ended " << to_string(*bad.state) << " and nothing says why";
  }

  static void try_one(const faults& f) {
    const auto store = filled();
    const outcome bad = live(*store->get().open_session(), 2, 2, f);
    const auto session = store->get().open_session();
    check_said_why(bad, *session);
    const outcome good = live(*session, 3, 2, {});
    EXPECT_EQ(good.state, engine::run_state::succeeded) << why(good);
    EXPECT_EQ(held_by(*store), small_world::expected(2));
  }
};

struct planted {
  const char* name;
  std::function<void()> happens;
};

const std::vector<planted>& bad_reads() {
  static const std::vector<planted> all = {
      {"transient", [] { throw failure(failure_class::transient, "SLU-3999", "planted"); }},
      {"throttled", [] { throw failure(failure_class::throttled, "SLU-3999", "planted", 2'000'000); }},
      {"denied", [] { throw failure(failure_class::denied, "SLU-3999", "planted"); }},
      {"invalid", [] { throw failure(failure_class::invalid, "SLU-3999", "planted"); }},
      {"not_found", [] { throw failure(failure_class::not_found, "SLU-3999", "planted"); }},
      {"unexpected", [] { throw std::runtime_error("planted"); }},
      {"no memory", [] { throw std::bad_alloc(); }}};
  return all;
}

}  // namespace

// covers: P2, P4, P13, P18, H5
TEST_P(torture, every_call_of_the_store_fails_once_and_then_for_good) {
  const int calls = undisturbed().calls;
  ASSERT_GT(calls, 20);
  int tried = 0;
  for (const fault kind : {fault::before, fault::after}) {
    for (const bool for_good : {false, true}) {
      for (int n = static_cast<int>(kind) % stride(); n < calls; n += stride()) {
        std::string met = "none";
        try_one({[&](int call, const char* name) {
                   if (call < n || (call > n && !for_good)) return fault::none;
                   if (call == n) met = name;
                   return kind;
                 },
                 {}});
        ++tried;
        ASSERT_FALSE(HasFailure()) << GetParam().name << ": call " << n << " (" << met << ") "
                                   << (kind == fault::before ? "before" : "after")
                                   << (for_good ? ", for good" : "");
      }
    }
  }
  std::printf("%s: %d calls of the store, %d ways to fail\n", GetParam().name.c_str(), calls, tried);
}

// covers: U2, U3, P13, P18
TEST_P(torture, every_read_fails_once_and_then_for_good) {
  const int reads = undisturbed().reads;
  int tried = 0;
  for (const planted& p : bad_reads()) {
    for (const bool for_good : {false, true}) {
      for (int n = tried % stride(); n < reads; n += stride()) {
        try_one({{}, [&](int read) {
                   if (read == n || (for_good && read > n)) p.happens();
                 }});
        ++tried;
        ASSERT_FALSE(HasFailure()) << GetParam().name << ": read " << n << " " << p.name
                                   << (for_good ? ", for good" : "");
      }
    }
  }
  std::printf("%s: %d reads, %d ways to fail\n", GetParam().name.c_str(), reads, tried);
}

INSTANTIATE_TEST_SUITE_P(stores, torture, ::testing::ValuesIn(testing::backends()),
                         [](const auto& of) { return of.param.name; });

}  // namespace sluice::torture
