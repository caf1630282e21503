#include <future>

#include "loader/support.hpp"
#include "plugin/source_instance.hpp"

namespace sluice::plugin::test {

class a_source : public loader_test {
 protected:
  a_source() {
    install("pages");
    catalog_.emplace(scan());
    loader_.emplace(*catalog_, std::nullopt);
    source_.emplace(loader_->open(component_kind::source, "pages"), host_, "{}");
    read_ = source_->prepare(R"({"name": "entities.users", "request": {"path": "/users"}})");
  }

  fetch_result fetch(const std::string& state) {
    std::promise<fetch_result> done;
    source_->fetch(read_, std::make_shared<call_scope>(call_values{.tenant = "acme"}),
                   {R"({"tenant":"acme"})", state}, [&](fetch_result r) { done.set_value(std::move(r)); });
    return done.get_future().get();
  }
  std::string failure(const std::string& state) {
    const fetch_result r = fetch(state);
    const error* e = std::get_if<error>(&r);
    return e == nullptr ? "a page" : e->code() + " " + e->message();
  }

  fake_host host_;
  std::optional<catalog> catalog_;
  std::optional<loader> loader_;
  std::optional<source_instance> source_;
  source_instance::read read_;
};

TEST_F(a_source, gives_pages_with_room_to_parse_in_place) {
  fetch_result result = fetch("");
  page& first = std::get<page>(result);
  EXPECT_EQ(first.body(), R"({"vars":{"tenant":"acme"}})");
  EXPECT_GE(first.body_capacity(), first.body().size() + SLUICE_BODY_PADDING);
  EXPECT_EQ(first.next_state(), "second");
  EXPECT_FALSE(first.end());
  EXPECT_EQ(first.declared_total(), -1);
  EXPECT_EQ(first.http_status(), 200);
  EXPECT_EQ(first.format(), page_format::json);

  page moved = std::move(first);
  EXPECT_EQ(moved.body(), R"({"vars":{"tenant":"acme"}})");
  EXPECT_TRUE(std::get<page>(fetch("second")).end());
}

TEST_F(a_source, may_complete_from_a_thread_of_its_own) {
  EXPECT_EQ(std::get<page>(fetch("thread")).body(), R"(["from a thread"])");
}

TEST_F(a_source, reports_failures_with_their_particulars) {
  const fetch_result r = fetch("fails");
  const error& e = std::get<error>(r);
  EXPECT_EQ(e.kind(), status::throttled);
  EXPECT_EQ(e.code(), "SLU-3105");
  EXPECT_EQ(e.message(), "GET /users: 429 Too Many Requests");
  EXPECT_EQ(e.retry_after_ms(), 2000);
  EXPECT_EQ(e.http_status(), 429);
}

TEST_F(a_source, that_can_not_start_completes_with_the_reason) {
  EXPECT_EQ(failure("refuses"), "SLU-2040 no connection left");
  EXPECT_EQ(
      failure("throws"),
      "SLU-2041 source `pages` of plugin pages 1.2.3: fetch threw an exception (socket); report it to the "
      "plugin's maker");
}

// covers: G6
TEST_F(a_source, that_breaks_the_contract_is_caught) {
  EXPECT_EQ(failure("no page"),
            "SLU-2043 source `pages` of plugin pages 1.2.3 completed a fetch without a page; report it to "
            "the plugin's "
            "maker");
  EXPECT_EQ(failure("endless"),
            "SLU-2043 source `pages` of plugin pages 1.2.3 gave a page that is not the last page but has no "
            "next_state: the first page would be read again; report it to the plugin's maker");
}

TEST_F(a_source, may_name_parts_of_its_read) {
  using texts = std::vector<std::string>;
  EXPECT_EQ(std::get<page>(fetch(R"(parts ["2","{\"page\":3}"])")).parts(), (texts{"2", R"({"page":3})"}));
  EXPECT_EQ(std::get<page>(fetch("")).parts(), texts{});
  EXPECT_EQ(std::get<page>(fetch("short")).parts(), texts{});
  for (const char* wrong : {"parts [1]", "parts [\"\"]", "parts {}", "parts [", "parts null"}) {
    EXPECT_NE(failure(wrong).find("parts_json that is not a list"), std::string::npos)
        << wrong << failure(wrong);
  }
}

TEST_F(a_source, refuses_a_request_that_it_can_not_read) {
  try {
    (void)source_->prepare("{}");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.message(), "/request: lacks `path`");
  }
}

// covers: P13
TEST_F(a_source, ends_a_fetch_that_is_cancelled) {
  auto call = std::make_shared<call_scope>(call_values{});
  std::promise<fetch_result> done;
  source_->fetch(read_, call, {"{}", "waits"}, [&](fetch_result r) { done.set_value(std::move(r)); });
  call->cancel();
  const fetch_result r = done.get_future().get();
  EXPECT_EQ(std::get<error>(r).kind(), status::cancelled);
}

TEST_F(a_source, ends_what_is_under_way_before_it_goes) {
  int completed = 0;
  for (int i = 0; i < 3; ++i) {
    source_->fetch(read_, std::make_shared<call_scope>(call_values{}), {"{}", "waits"},
                   [&](const fetch_result& r) { completed += std::holds_alternative<error>(r) ? 1 : 100; });
  }
  source_.reset();
  EXPECT_EQ(completed, 3);
}

}  // namespace sluice::plugin::test
