// What comes out of a plugin's error, whatever stands in it.
#include "plugin/guard.hpp"

#include <gtest/gtest.h>

namespace sluice::plugin {
namespace {

error taken(std::string_view code, std::string_view message) {
  error_slot slot;
  slot.raw()->code = to_abi(code);
  slot.raw()->message = to_abi(message);
  return slot.take(SLUICE_TRANSIENT, "x");
}

// covers: G6, U8, P18
TEST(an_error_of_a_plugin, is_text_whatever_bytes_stand_in_it) {
  EXPECT_EQ(taken("SLU-3135", "caf\xC3\xA9").message(), "caf\xC3\xA9");
  EXPECT_EQ(taken("SLU-3135", "caf\xE9 \xFF").message(), "caf\xEF\xBF\xBD \xEF\xBF\xBD");
  EXPECT_EQ(taken("SLU-3135", std::string_view("a\0b", 3)).message(), "a b");
  EXPECT_EQ(taken("\xFF", "a").code(), "\xEF\xBF\xBD");
}

// covers: G6, P16
TEST(an_error_of_a_plugin, is_cut_between_characters) {
  std::string longer(4095, 'x');
  longer += "\xC3\xA9";
  EXPECT_EQ(taken("SLU-3135", longer).message(), std::string(4095, 'x') + "\xEF\xBF\xBD");
  EXPECT_EQ(taken("SLU-3135", "").message(), "x failed with status 4: a failure that may pass");
}

}  // namespace
}  // namespace sluice::plugin
