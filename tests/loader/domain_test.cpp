#include <sluice/batch.hpp>
#include <sluice/batch_builder.hpp>

#include "loader/support.hpp"
#include "plugin/domain_instance.hpp"

namespace sluice::plugin::test {

class a_domain : public loader_test {
 protected:
  domain_instance make(const std::string& fixture, const std::string& config = "{}") {
    install(fixture);
    catalog_.emplace(scan());
    loader_.emplace(*catalog_, std::nullopt);
    component_ = loader_->open(component_kind::domain, fixture);
    return {component_, host_, config};
  }

  array_handle batch(std::initializer_list<std::int64_t> amounts) const {
    batch_builder b(wire_layout(component_.item->streams.front()));
    for (const std::int64_t amount : amounts) {
      b.text(0, "row");
      b.int64(1, amount);
      b.next_row();
    }
    return b.finish();
  }

  // What transform says about a batch of three rows in a mode of the rude fixture.
  std::string outcome(const std::string& mode) {
    fs::remove_all(plugins_ / "rude");
    try {
      domain_instance domain = make("rude", mode);
      array_handle rows = batch({1, 2, 3});
      const auto rejects = domain.transform(call_, "rude_rows", rows);
      return "ok, " + std::to_string(rejects.size()) + " rejected";
    } catch (const error& e) {
      return e.code() + " " + e.message();
    }
  }

  fake_host host_;
  call_scope call_{{.tenant = "acme"}};
  std::optional<catalog> catalog_;
  std::optional<loader> loader_;
  loaded_component component_;
};

TEST_F(a_domain, lists_the_rows_that_it_refuses) {
  domain_instance domain = make("good");
  array_handle rows = batch({5, -1, 7, -2});
  EXPECT_TRUE(domain.transforms());
  EXPECT_EQ(domain.transform(call_, "good_rows", rows),
            (std::vector<rejected_row>{{1, "amount", "is negative"}, {3, "amount", "is negative"}}));
  EXPECT_EQ(rows.get().length, 4);
}

TEST_F(a_domain, may_replace_the_batch) { EXPECT_EQ(outcome("replaces"), "ok, 0 rejected"); }

TEST_F(a_domain, without_code_accepts_everything) {
  fs::remove(install("good"));
  replace(plugins_ / "good/plugin.json", R"({"transform": true})", "{}");
  const catalog found = scan();
  loader load(found, std::nullopt);
  component_ = load.open(component_kind::domain, "good");
  domain_instance domain(component_, host_, "{}");
  array_handle rows = batch({-1});
  EXPECT_FALSE(domain.transforms());
  EXPECT_TRUE(domain.transform(call_, "good_rows", rows).empty());
}

// covers: G6
TEST_F(a_domain, that_breaks_the_contract_is_caught) {
  const std::string on =
      "SLU-2042 domain `rude` of plugin rude 1.2.3 broke the contract of transform on stream `rude_rows`: ";
  const std::string report = "; report it to the plugin's maker";
  EXPECT_EQ(outcome("adds a row"), on + "it got 3 rows and gave back 4" + report);
  EXPECT_EQ(outcome("drops a row"), on + "it got 3 rows and gave back 2" + report);
  EXPECT_EQ(outcome("releases"), on + "the batch is released" + report);
  EXPECT_EQ(outcome("rejects backwards"), on + "it rejects row 0 after row 1" + report);
  EXPECT_EQ(outcome("rejects twice"), on + "it rejects row 1 after row 1" + report);
  EXPECT_EQ(outcome("rejects outside"), on + "it rejects row 3, which is not in the batch" + report);
  EXPECT_EQ(outcome("counts without a list"), on + "it counts rejected rows but lists none" + report);
}

// covers: G1
TEST_F(a_domain, that_throws_harms_nobody_else) {
  EXPECT_EQ(outcome("throws"),
            "SLU-2041 domain `rude` of plugin rude 1.2.3: transform of stream `rude_rows` threw an exception "
            "(division "
            "by zero); report it to the plugin's maker");
  EXPECT_EQ(outcome("create throws an int").substr(0, 8), "SLU-2041");
}

// covers: G1
TEST_F(a_domain, that_throws_while_it_is_made_says_so) {
  try {
    (void)make("rude", "create throws");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.kind(), status::internal);
    EXPECT_EQ(
        e.message(),
        "domain `rude` of plugin rude 1.2.3: create threw an exception (no such thing); report it to the "
        "plugin's maker");
  }
}

TEST_F(a_domain, that_refuses_to_be_made_is_not_destroyed_and_says_why) {
  try {
    (void)make("rude", "create refuses");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.kind(), status::invalid);
    EXPECT_EQ(e.code(), "SLU-9001");
    EXPECT_EQ(e.message(), "country must have 2 letters");
  }
}

TEST_F(a_domain, that_explains_nothing_gets_words_from_the_host) {
  domain_instance domain = make("rude", "throttled");
  array_handle rows = batch({1});
  try {
    (void)domain.transform(call_, "rude_rows", rows);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.kind(), status::throttled);
    EXPECT_EQ(e.retry_after_ms(), 1500);
    EXPECT_EQ(e.http_status(), 429);
    EXPECT_EQ(e.message(),
              "domain `rude` of plugin rude 1.2.3: transform of stream `rude_rows` failed with status 5: too "
              "many requests");
  }
  EXPECT_EQ(
      outcome("unknown status"),
      "SLU-2040 domain `rude` of plugin rude 1.2.3: transform of stream `rude_rows` failed with status 77: a "
      "defect of the plugin");
}

TEST_F(a_domain, is_not_asked_about_a_stream_that_it_lacks) {
  domain_instance domain = make("good");
  array_handle rows = batch({1});
  EXPECT_THROW((void)domain.transform(call_, "others", rows), error);
}

// covers: G11
TEST_F(a_domain, keeps_its_own_symbols_beside_another_that_exports_the_same) {
  domain_instance a = make("clash_a");
  array_handle rows_a = batch({1});
  domain_instance b = make("clash_b");
  array_handle rows_b = batch({1});
  EXPECT_EQ(a.transform(call_, "clash_a_rows", rows_a),
            (std::vector<rejected_row>{{0, "first call", "from a"}}));
  EXPECT_EQ(b.transform(call_, "clash_b_rows", rows_b),
            (std::vector<rejected_row>{{0, "first call", "from b"}}));
  EXPECT_EQ(a.transform(call_, "clash_a_rows", rows_a),
            (std::vector<rejected_row>{{0, "later call", "from a"}}));
}

}  // namespace sluice::plugin::test
