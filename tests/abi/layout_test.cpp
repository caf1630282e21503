// The layout of the contract is the one that was released. A line of layout_1_0.inc that doesn't hold stops
// the compiler.
#include <cstddef>
#include <set>
#include <string>

#include <gmock/gmock.h>

#include <sluice/abi.h>

namespace {

// A struct may have grown since: old fields stay where they were.
#define SIZE(type, bytes) static_assert(sizeof(type) >= (bytes), #type " has shrunk");
#define FIELD(type, field, at, bytes)                                          \
  static_assert(offsetof(type, field) == (at), #type "." #field " has moved"); \
  static_assert(sizeof(type::field) == (bytes), #type "." #field " has another size");
static_assert(sizeof(void*) == 8, "the layout is written down for 64-bit machines");
#include "abi/layout_1_0.inc"
#undef SIZE
#undef FIELD

static_assert(SLUICE_ABI_MAJOR == 1);

TEST(abi_layout, every_struct_begins_with_its_size) {
  // Those without it are frozen by others (Arrow) or by value (sluice_str, sluice_reject).
  std::set<std::string> first;
#define SIZE(type, bytes) first.insert(#type);
#define FIELD(type, field, at, bytes) \
  if ((at) == 0 && std::string(#field) == "size") first.erase(#type);
#include "abi/layout_1_0.inc"
#undef SIZE
#undef FIELD
  EXPECT_THAT(first,
              testing::UnorderedElementsAre("ArrowSchema", "ArrowArray", "sluice_str", "sluice_reject"));
}

TEST(abi_layout, a_shorter_struct_does_not_have_newer_fields) {
  sluice_error e{};
  e.size = offsetof(sluice_error, http_status);
  EXPECT_TRUE(SLUICE_HAS(&e, sluice_error, code));
  EXPECT_FALSE(SLUICE_HAS(&e, sluice_error, http_status));
  EXPECT_FALSE(SLUICE_HAS(&e, sluice_error, release));
}

}  // namespace
