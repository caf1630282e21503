#include "host/plugin_metrics.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::host {

namespace {

bool is_name(std::string_view text) {
  const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= plugin_metrics::longest_name && small(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return small(c) || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace

plugin_metrics::kept* plugin_metrics::place(std::string_view pipeline, std::string_view plugin,
                                            std::string_view name, bool counts) {
  key wanted{pipeline, plugin, name};
  if (const auto at = values_.find(wanted); at != values_.end()) {
    return at->second.counts == counts ? &at->second : nullptr;
  }
  const auto of_one = std::count_if(values_.begin(), values_.end(), [&](const auto& v) {
    return std::get<0>(v.first) == pipeline && std::get<1>(v.first) == plugin;
  });
  if (!is_name(name) || values_.size() >= most || static_cast<std::size_t>(of_one) >= most_of_one)
    return nullptr;
  return &values_.emplace(std::move(wanted), kept{0, counts}).first->second;
}

void plugin_metrics::add(std::string_view pipeline, std::string_view plugin, std::string_view name,
                         double delta) noexcept {
  const std::lock_guard lock(mutex_);
  kept* const at = std::isfinite(delta) && delta >= 0 ? place(pipeline, plugin, name, true) : nullptr;
  if (at == nullptr) ++refused_;
  else at->value += delta;
}

void plugin_metrics::set(std::string_view pipeline, std::string_view plugin, std::string_view name,
                         double value) noexcept {
  const std::lock_guard lock(mutex_);
  kept* const at = std::isfinite(value) ? place(pipeline, plugin, name, false) : nullptr;
  if (at == nullptr) ++refused_;
  else at->value = value;
}

std::vector<plugin_metrics::entry> plugin_metrics::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<entry> out;
  for (const auto& [k, v] : values_)
    out.push_back({std::get<0>(k), std::get<1>(k), std::get<2>(k), v.value, v.counts});
  return out;
}

std::uint64_t plugin_metrics::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace sluice::host
