// The caps of the source, each at its edge: one less, the same, one more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/source_driver.hpp"
#include "upstream/server.hpp"

namespace sluice::http_test {
namespace {
using testing::HasSubstr;

class limits : public testing::Test {
 protected:
  fetched page_of(std::size_t bytes, const json& config) {
    std::string body = R"({"data":[],"pad":""})";
    body.insert(body.size() - 2, bytes - body.size(), 'x');
    upstream_.data().set_faults(json::array({{{"do", "status"}, {"status", 200}, {"body", body}}}).dump());
    source_driver source(upstream_.url(), config);
    return source.fetch(source.prepare(users_request({{"style", "cursor"}, {"next", "/next"}})));
  }
  upstream::server upstream_{upstream::options{.tenants = {{"acme", 20}}}};
};

// covers: U16, P25
TEST_F(limits, a_page_may_be_as_large_as_max_page_and_no_byte_larger) {
  const json config{{"max_page", "64KiB"}};
  EXPECT_EQ(page_of(65535, config).status, SLUICE_OK);
  EXPECT_EQ(page_of(65536, config).status, SLUICE_OK);
  const fetched f = page_of(65537, config);
  EXPECT_EQ(f.code, "SLU-3120");
  EXPECT_THAT(f.message, HasSubstr("larger than 65536 bytes"));
  EXPECT_THAT(f.message, HasSubstr("max_page"));
}

// covers: U16, P25
TEST_F(limits, thirty_two_mebibytes_are_the_most_without_a_word_of_the_manifest) {
  EXPECT_EQ(page_of(32U << 20U, json::object()).status, SLUICE_OK);
  EXPECT_EQ(page_of((32U << 20U) + 1, json::object()).code, "SLU-3120");
}

// covers: U13, P25
TEST_F(limits, a_stage_has_as_many_pages_as_max_pages_and_no_more) {
  const auto all = [&](int most) {
    source_driver source(upstream_.url());
    return source.all(source.prepare(users_request(
        {{"style", "cursor"}, {"next", "/next"}, {"size", {{"limit", 6}}}, {"max_pages", most}})));
  };
  EXPECT_EQ(all(4).back().status, SLUICE_OK);  // 17 users: three pages
  EXPECT_EQ(all(3).back().status, SLUICE_OK);
  const fetched f = all(2).back();
  EXPECT_EQ(f.code, "SLU-3143");
  EXPECT_THAT(f.message, HasSubstr("request.page.max_pages"));
}

// covers: U27, P25
TEST_F(limits, a_head_of_more_than_64_kib_is_no_head) {
  for (const auto& [kib, good] : {std::pair{60U, true}, std::pair{70U, false}}) {
    std::string wire = "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n";
    for (unsigned i = 0; i < kib; ++i) wire += "X-Pad: " + std::string(1015, 'x') + "\r\n";
    upstream_.data().set_faults(json::array({{{"do", "raw"}, {"wire", wire + "\r\n{body}"}}}).dump());
    source_driver source(upstream_.url());
    const fetched f = source.fetch(source.prepare(users_request()));
    EXPECT_EQ(f.status == SLUICE_OK, good) << kib << f.message;
    EXPECT_EQ(f.code, good ? "" : "SLU-3127") << f.message;
  }
}

}  // namespace
}  // namespace sluice::http_test
