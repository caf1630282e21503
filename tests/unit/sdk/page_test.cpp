#include <string>

#include <gmock/gmock.h>

#include <sluice/page.hpp>

namespace {

using sluice::page;
using sluice::page_body;

TEST(page_body, always_has_readable_zeroes_behind_it) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{100'000}}) {
    page_body b;
    for (std::size_t i = 0; i < n; ++i) b.append("x");
    b.seal();
    ASSERT_GE(b.capacity(), n + SLUICE_BODY_PADDING);
    EXPECT_EQ(b.view(), std::string(n, 'x'));
    EXPECT_EQ(std::string_view(b.data() + n, SLUICE_BODY_PADDING), std::string(SLUICE_BODY_PADDING, '\0'));
  }
}

TEST(page_body, does_not_move_within_what_was_reserved) {
  page_body b;
  b.reserve(1000);
  const char* before = b.data();
  b.append(std::string(1000, 'x'));
  b.seal();
  EXPECT_EQ(b.data(), before);
}

TEST(page, crosses_the_boundary_without_a_copy) {
  page p;
  p.body.append("[1]");
  p.next_state = "2";
  p.end = false;
  p.declared_total = 7;
  p.http_status = 200;
  p.wire_bytes = 3;
  const char* bytes = p.body.data();
  sluice_page out = sluice::detail::export_page(std::move(p));
  EXPECT_EQ(out.body.data, bytes);
  EXPECT_EQ(sluice::detail::view(out.body), "[1]");
  EXPECT_GE(out.body_capacity, 3U + SLUICE_BODY_PADDING);
  EXPECT_EQ(sluice::detail::view(out.next_state), "2");
  EXPECT_EQ(out.end, 0);
  EXPECT_EQ(out.declared_total, 7);
  EXPECT_EQ(out.format, SLUICE_FORMAT_JSON);
  EXPECT_EQ(out.array, nullptr);
  out.release(&out);
  EXPECT_EQ(out.release, nullptr);
}

// covers: G7
TEST(page, that_leads_nowhere_is_refused) {
  page p;
  p.end = false;
  EXPECT_THROW(static_cast<void>(sluice::detail::export_page(std::move(p))), sluice::failure);
}

TEST(page, names_its_parts_as_a_json_array) {
  page p;
  p.parts = {"{\"page\":2}", "back\\slash", "line\nend"};
  sluice_page out = sluice::detail::export_page(std::move(p));
  EXPECT_EQ(sluice::detail::view(out.parts_json), R"(["{\"page\":2}","back\\slash","line\u000aend"])");
  out.release(&out);
  page whole;
  out = sluice::detail::export_page(std::move(whole));
  EXPECT_EQ(out.parts_json.len, 0U);
  out.release(&out);
}

TEST(page, keeps_states_up_to_4_kib) {
  page fits;
  fits.end = false;
  fits.next_state.assign(4096, 's');
  sluice_page out = sluice::detail::export_page(std::move(fits));
  out.release(&out);
  page larger;
  larger.end = false;
  larger.next_state.assign(4097, 's');
  EXPECT_THROW(static_cast<void>(sluice::detail::export_page(std::move(larger))), sluice::failure);
}

}  // namespace
