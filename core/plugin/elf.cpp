#include "plugin/elf.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include <elf.h>
#include <link.h>

namespace sluice::plugin {

namespace {

using header = ElfW(Ehdr);
using section = ElfW(Shdr);
using symbol = ElfW(Sym);
using dynamic = ElfW(Dyn);

// A struct at an offset, or nothing where the file ends before it does.
template <typename T>
std::optional<T> at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return out;
}

std::string_view slice(std::string_view bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || bytes.size() - offset < size) return {};
  return bytes.substr(offset, size);
}

std::string text_at(std::string_view strings, std::uint64_t offset) {
  if (offset >= strings.size()) return {};
  const std::string_view rest = strings.substr(offset);
  return std::string(rest.substr(0, rest.find('\0')));
}

std::vector<section> sections(std::string_view bytes, const header& h) {
  std::vector<section> out;
  for (std::uint64_t i = 0; i < h.e_shnum; ++i) {
    const auto s = at<section>(bytes, h.e_shoff + i * sizeof(section));
    if (!s) break;
    out.push_back(*s);
  }
  return out;
}

bool exported(const symbol& s) {
  const auto binding = s.st_info >> 4;
  const auto visibility = s.st_other & 3;
  const bool seen = binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE;
  const bool named = (s.st_info & 15) != STT_SECTION && (s.st_info & 15) != STT_FILE;
  return seen && named && s.st_shndx != SHN_UNDEF && s.st_shndx != SHN_ABS &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

void read_symbols(std::string_view bytes, const std::vector<section>& all, const section& table,
                  elf_facts& out) {
  if (table.sh_link >= all.size()) return;
  const std::string_view strings = slice(bytes, all[table.sh_link].sh_offset, all[table.sh_link].sh_size);
  const std::string_view symbols = slice(bytes, table.sh_offset, table.sh_size);
  for (std::uint64_t offset = 0; auto s = at<symbol>(symbols, offset); offset += sizeof(symbol)) {
    if (exported(*s)) out.exports.push_back(text_at(strings, s->st_name));
  }
}

void read_dynamic(std::string_view table, elf_facts& out) {
  for (std::uint64_t offset = 0; auto d = at<dynamic>(table, offset); offset += sizeof(dynamic)) {
    if (d->d_tag == DT_NULL) return;
    if (d->d_tag == DT_FLAGS_1 && (d->d_un.d_val & DF_1_NODELETE) != 0) out.nodelete = true;
  }
}

}  // namespace

elf_machine host_machine() noexcept {
#if defined(__x86_64__)
  constexpr std::uint16_t id = EM_X86_64;
#elif defined(__aarch64__)
  constexpr std::uint16_t id = EM_AARCH64;
#elif defined(__riscv)
  constexpr std::uint16_t id = EM_RISCV;
#elif defined(__powerpc64__)
  constexpr std::uint16_t id = EM_PPC64;
#elif defined(__s390x__)
  constexpr std::uint16_t id = EM_S390;
#else
#  error "name the ELF machine of this architecture"
#endif
  return {id, static_cast<int>(8 * sizeof(void*)), std::endian::native == std::endian::little};
}

std::string to_text(elf_machine machine) {
  std::string name;
  switch (machine.id) {
    case EM_X86_64: name = "x86-64"; break;
    case EM_386: name = "x86"; break;
    case EM_AARCH64: name = "aarch64"; break;
    case EM_ARM: name = "arm"; break;
    case EM_RISCV: name = "riscv"; break;
    case EM_PPC64: name = "ppc64"; break;
    case EM_S390: name = "s390"; break;
    default: name = "machine " + std::to_string(machine.id); break;
  }
  return name + " (" + std::to_string(machine.bits) + " bit, " + (machine.little_endian ? "little" : "big") +
         " endian)";
}

elf_facts read_elf(std::string_view bytes) {
  elf_facts out;
  if (bytes.size() < EI_NIDENT + 4 || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    out.fault = bytes.empty() ? "is empty" : "is not an ELF file";
    return out;
  }
  const bool little = bytes[EI_DATA] == ELFDATA2LSB;
  const auto half = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(bytes[i]), b = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<std::uint16_t>(little ? a | b << 8 : b | a << 8);
  };
  out.machine = {half(EI_NIDENT + 2), bytes[EI_CLASS] == ELFCLASS64 ? 64 : 32, little};
  if (half(EI_NIDENT) != ET_DYN) out.fault = "is an ELF file but not a shared library";
  if (!out.fault.empty() || !(out.machine == host_machine())) return out;

  const auto h = at<header>(bytes, 0);
  if (!h || h->e_shentsize != sizeof(section)) {
    out.fault = "is an ELF file that is cut off or has no sections";
    return out;
  }
  const auto all = sections(bytes, *h);
  if (all.size() != h->e_shnum) out.fault = "is an ELF file that is cut off";
  for (const section& s : all) {
    if (s.sh_type == SHT_DYNSYM) read_symbols(bytes, all, s, out);
    if (s.sh_type == SHT_DYNAMIC) read_dynamic(slice(bytes, s.sh_offset, s.sh_size), out);
  }
  std::sort(out.exports.begin(), out.exports.end());
  return out;
}

}  // namespace sluice::plugin
