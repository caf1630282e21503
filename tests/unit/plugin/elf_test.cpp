#include "plugin/elf.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace sluice::plugin {

namespace {

// The beginning of this program.
std::string head_of_self() {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  std::string out(65536, '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  return out;
}

}  // namespace

TEST(read_elf, knows_this_program) {
  const std::string self = head_of_self();
  EXPECT_EQ(read_elf(self).machine, host_machine());
}

// covers: G4, P25
TEST(read_elf, survives_any_prefix_of_a_file) {
  const std::string self = head_of_self().substr(0, 4096);
  for (std::size_t n = 0; n < self.size(); n += 3) EXPECT_FALSE(read_elf(self.substr(0, n)).fault.empty());
}

// covers: G4, P25
TEST(read_elf, survives_headers_that_point_anywhere) {
  const std::string bytes = head_of_self();
  for (std::size_t i = 0; i < 64; ++i) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] = value;
      EXPECT_LE(read_elf(damaged).exports.size(), bytes.size());
    }
  }
}

}  // namespace sluice::plugin
