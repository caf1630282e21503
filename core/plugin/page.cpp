#include "plugin/page.hpp"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

namespace sluice::plugin {

namespace {

constexpr std::size_t longest_state = 4096, most_parts = 1000;

std::string check_parts(std::string_view text) {
  if (text.empty()) return {};
  const auto parts = nlohmann::json::parse(text, nullptr, false);
  const auto is_place = [](const nlohmann::json& j) {
    if (!j.is_string()) return false;
    const auto& place = j.get_ref<const std::string&>();
    return !place.empty() && place.size() <= longest_state;
  };
  if (!parts.is_array() || parts.size() > most_parts || !std::all_of(parts.begin(), parts.end(), is_place))
    return "has parts_json that is not a list of at most 1000 texts of 1 to 4096 bytes";
  return {};
}

std::string_view parts_of(const sluice_page& p) {
  if (!SLUICE_HAS(&p, sluice_page, parts_json) || p.parts_json.data == nullptr) return {};
  return {p.parts_json.data, p.parts_json.len};
}

}  // namespace

sluice_page take_page(sluice_page& given) {
  sluice_page out{};
  std::memcpy(&out, &given, std::min<std::size_t>(given.size, sizeof out));
  given.release = nullptr;
  return out;
}

std::vector<std::string> page::parts() const {
  const std::string_view text = parts_of(page_);
  if (text.empty()) return {};
  return nlohmann::json::parse(text).get<std::vector<std::string>>();
}

std::string check_page(const sluice_page& p) {
  if (!SLUICE_HAS(&p, sluice_page, impl))
    return "has " + std::to_string(p.size) + " bytes as a struct, too few";
  if (p.format < SLUICE_FORMAT_JSON || p.format > SLUICE_FORMAT_ARROW) {
    return "has the unknown format " + std::to_string(p.format);
  }
  if (p.format == SLUICE_FORMAT_ARROW) {
    if (p.array == nullptr || p.schema == nullptr) return "is Arrow but has no array or no schema";
  } else {
    if (p.body.data == nullptr && p.body.len != 0) return "has a length but no bytes";
    if (p.body_capacity < p.body.len) return "has a body_capacity below the length of its body";
  }
  if (p.next_state.data == nullptr && p.next_state.len != 0) return "has a length but no bytes in next_state";
  if (std::string why = check_parts(parts_of(p)); !why.empty()) return why;
  if (p.end != 0) return {};
  if (p.next_state.len == 0)
    return "is not the last page but has no next_state: the first page would be read again";
  if (p.next_state.len > longest_state) {
    return "has a next_state of " + std::to_string(p.next_state.len) + " bytes; at most 4096 are allowed";
  }
  return {};
}

}  // namespace sluice::plugin
