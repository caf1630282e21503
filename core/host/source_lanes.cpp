#include "host/source_lanes.hpp"

#include <nlohmann/json.hpp>

namespace sluice::host {

namespace {

constexpr std::string_view sign = "${tenant";
constexpr std::size_t remembered_origins = 256;  // that nobody asks

// What stands in for `${tenant}` and `${tenant.vars.NAME}`; what else is in a text does not make it a tenant's.
std::string expand(std::string_view text, const value_fn& value) {
  std::string out;
  for (;;) {
    const std::size_t begin = text.find(sign);
    const std::size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
    out += text.substr(0, end == std::string_view::npos ? end : begin);
    if (end == std::string_view::npos) return out;
    out += value(text.substr(begin + 2, end - begin - 2));
    text.remove_prefix(end + 1);
  }
}

// `scheme://host:port`; empty: the text is no address.
std::string_view root_of(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return {};
  return text.substr(0, text.find_first_of("/?#", scheme + 3));
}

}  // namespace

std::vector<std::string> texts_by_tenant(const std::string& config) {
  std::vector<std::string> out;
  const auto read = nlohmann::json::parse(config.empty() ? "{}" : config);
  for (const auto& [name, value] : read.items()) {
    if (value.is_string() && value.get_ref<const std::string&>().find(sign) != std::string::npos)
      out.push_back(value.get<std::string>());
  }
  return out;
}

std::string origin_of(const std::vector<std::string>& texts, const value_fn& value) {
  std::string out;
  for (const std::string& text : texts) {
    const std::string full = expand(text, value);
    const std::string_view root = root_of(full);
    // With the tenant in its path alone it leads all of them to the same upstream.
    if (!root.empty() && root != root_of(text)) out += std::string(root) + '\n';
  }
  return out;
}

void source_lanes::forget_idle() {
  const std::int64_t now = clock_.steady_us();
  std::erase_if(lanes_, [&](const auto& entry) {
    const lane& l = *entry.second;
    return entry.second.use_count() == 1 && l.limits.active() == 0 && l.limits.waiting() == 0 &&
           l.not_before_us <= now;
  });
}

std::shared_ptr<source_lanes::lane> source_lanes::of(const std::string& origin) {
  if (const auto at = lanes_.find(origin); at != lanes_.end()) return at->second;
  if (lanes_.size() >= remembered_origins) forget_idle();
  return lanes_.emplace(origin, std::make_shared<lane>(executor_, clock_, limits_)).first->second;
}

}  // namespace sluice::host
