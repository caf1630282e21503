// What an ELF file says about itself, read without running any of it. Made for files that may be damaged:
// every offset is checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::plugin {

struct elf_machine {
  std::uint16_t id = 0;  // EM_*
  int bits = 0;
  bool little_endian = true;

  friend bool operator==(const elf_machine&, const elf_machine&) = default;
};
[[nodiscard]] std::string to_text(elf_machine machine);  // "x86-64"
[[nodiscard]] elf_machine host_machine() noexcept;

struct elf_facts {
  std::string fault;  // why it is not a shared library; empty: it is one
  elf_machine machine;
  // The rest only for this host's machine.
  std::vector<std::string> exports;  // sorted
  bool nodelete = false;
};
[[nodiscard]] elf_facts read_elf(std::string_view bytes);

}  // namespace sluice::plugin
