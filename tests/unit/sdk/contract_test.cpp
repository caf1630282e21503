// The contract suite itself: domains that break one promise each must be caught at it.
#include <gmock/gmock.h>

#include <sluice/domain.hpp>
#include <sluice/testing/domain_contract.hpp>

namespace {

namespace testkit = sluice::testkit;

struct stream {
  static constexpr std::string_view name = "things";
  static constexpr std::array<sluice::column_name, 2> columns{
      {{"name", sluice::column_type::text}, {"_deleted", sluice::column_type::boolean}}};
};
constexpr sluice::column_handle<stream, sluice::column_type::text> name{0};
using row = sluice::row<stream>;

struct meta {
  static constexpr const char* name = "things";
  using stream_types = sluice::stream_list<stream>;
};

struct honest {
  explicit honest(const sluice::setup&) {}
  sluice::verdict transform(row& r) const {
    if (r[name] == "bad") return sluice::reject(name, "is bad");
    if (r[name]) r.set(name, "tidy");
    return sluice::accept;
  }
};
struct counts : honest {
  using honest::honest;
  mutable int seen = 0;
  sluice::verdict transform(row& r) const {
    r.set(name, std::to_string(++seen));
    return sluice::accept;
  }
};
struct fails_on_null : honest {
  using honest::honest;
  sluice::verdict transform(row& r) const {
    if (!r[name]) throw std::runtime_error("no name");
    return sluice::accept;
  }
};
struct no_reason : honest {
  using honest::honest;
  sluice::verdict transform(row&) const { return {"nmae", ""}; }
};

using transform_fn = decltype(sluice_domain_v1::transform);

// The contract's answer for a domain, with its transform replaced by another where one is given.
template <class D>
std::vector<std::string> judged(transform_fn replacement = nullptr) {
  static sluice_domain_v1 table;
  table = sluice::detail::domain_table<D, meta>::table;
  if (replacement != nullptr) table.transform = replacement;
  static const sluice_component component{sizeof(sluice_component), "domain", "things", &table};
  static const sluice_component* const list[] = {&component};
  const sluice_plugin plugin{sizeof(sluice_plugin), 1, 0, 1, {"{}", 2}, list};
  testkit::domain d(plugin, "things", "{}");
  return testkit::broken_promises<stream>(d, {{{"name", "a"}}, {{"name", "bad"}}, {}});
}

sluice_status honest_transform(void* self, const sluice_call* c, sluice_str s, const ArrowSchema* schema,
                               ArrowArray* rows, sluice_rejects* r, sluice_error* e) {
  return sluice::detail::domain_table<honest, meta>::table.transform(self, c, s, schema, rows, r, e);
}

TEST(domain_contract, is_kept_by_an_honest_domain) { EXPECT_THAT(judged<honest>(), testing::IsEmpty()); }

TEST(domain_contract, catches_a_domain_that_remembers) {
  EXPECT_THAT(judged<counts>(),
              testing::Contains("the same batch twice: the answers differ: transform must be pure"));
}

TEST(domain_contract, catches_a_domain_that_fails_on_null) {
  EXPECT_THAT(judged<fails_on_null>(),
              testing::Contains(testing::HasSubstr("a row without any value: fails with")));
}

TEST(domain_contract, catches_rejects_that_say_nothing) {
  EXPECT_THAT(judged<no_reason>(),
              testing::IsSupersetOf({"the samples: a reject names `nmae`, which is no column",
                                     "the samples: a reject of `nmae` gives no reason"}));
}

TEST(domain_contract, catches_dropped_rows) {
  const auto drop = [](void* self, const sluice_call* c, sluice_str s, const ArrowSchema* schema,
                       ArrowArray* rows, sluice_rejects* r, sluice_error* e) -> sluice_status {
    const sluice_status status = honest_transform(self, c, s, schema, rows, r, e);
    if (status != SLUICE_OK || rows->length == 0) return status;
    --rows->length;
    for (std::int64_t i = 0; i < rows->n_children; ++i) --rows->children[i]->length;
    return status;
  };
  EXPECT_THAT(judged<honest>(drop), testing::Contains("the samples: the number of rows changed"));
}

TEST(domain_contract, catches_a_column_that_is_never_released) {
  static auto& leaked =
      *new std::vector<ArrowArray>;  // stays reachable: the leak is the plugin's, not the test's
  const auto leak = [](void* self, const sluice_call* c, sluice_str s, const ArrowSchema* schema,
                       ArrowArray* rows, sluice_rejects* r, sluice_error* e) -> sluice_status {
    const sluice_status status = honest_transform(self, c, s, schema, rows, r, e);
    if (status != SLUICE_OK) return status;
    leaked.push_back(*rows->children[1]);
    sluice::column_builder fresh(sluice::column_type::boolean);
    for (std::int64_t i = 0; i < rows->length; ++i) fresh.end_row();
    *rows->children[1] = fresh.finish();
    return status;
  };
  EXPECT_THAT(judged<honest>(leak), testing::Contains("releasing: column 1 was released 0 times"));
}

TEST(domain_contract, catches_writes_behind_an_old_error_struct) {
  const auto careless = [](void* self, const sluice_call* c, sluice_str s, const ArrowSchema* schema,
                           ArrowArray* rows, sluice_rejects* r, sluice_error* e) -> sluice_status {
    if (sluice::detail::view(s) != "things") {
      e->http_status = 0;
      return SLUICE_UNSUPPORTED;
    }
    return honest_transform(self, c, s, schema, rows, r, e);
  };
  const auto broken = judged<honest>(careless);
  EXPECT_THAT(broken, testing::Contains("an error struct of an older host: it writes behind the struct"));
  EXPECT_THAT(broken, testing::Contains("a stream that it doesn't have: the error says nothing"));
}

}  // namespace
