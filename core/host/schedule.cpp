#include "host/schedule.hpp"

#include <algorithm>

#include "host/spread.hpp"

namespace sluice::host {

std::int64_t due_at_us(std::string_view tenant, std::int64_t last_us, std::int64_t every_us) {
  const auto interval = static_cast<std::uint64_t>(last_us / every_us);
  const auto most = static_cast<std::uint64_t>(every_us / 4 + 1);
  return last_us + every_us + static_cast<std::int64_t>(spread(tenant, interval) % most);
}

std::vector<engine::due_tenant> due_now(engine::session& session, const std::string& pipeline,
                                        std::int64_t every_us, std::size_t limit) {
  constexpr int page = 500;
  const std::int64_t now = session.now_us();
  std::vector<engine::due_tenant> out;
  engine::due_tenant after;
  for (;;) {
    const auto found = session.list_due(pipeline, now - every_us, after, page);
    for (const engine::due_tenant& t : found) {
      if (due_at_us(t.tenant, t.last_us, every_us) <= now) out.push_back(t);
      if (out.size() == limit) return out;
    }
    if (found.size() < page) return out;
    after = found.back();
  }
}

std::int64_t look_again_us(std::int64_t every_us, std::uint64_t host) {
  constexpr std::int64_t least = 200'000, most = 60'000'000;
  const std::int64_t base = std::clamp(every_us / 20, least, most);
  return base * 3 / 4 +
         static_cast<std::int64_t>(spread("host", host) % static_cast<std::uint64_t>(base / 2));
}

}  // namespace sluice::host
