#include "server/front.hpp"

#include <chrono>

#include "observe/identifiers.hpp"
#include "server/problem.hpp"
#include "server/target.hpp"

namespace sluice::server {

namespace {

// Whom the address is about, where that can be written into an id.
std::string tenant_of(const std::string& target) {
  const std::string_view path = std::string_view(target).substr(0, target.find('?'));
  const auto found = match_path("/api/sync/tenants/{tenant}/runs", path);
  if (!found || found->at("tenant").size() > 63) return {};
  return observe::valid_correlation_id(found->at("tenant")) ? found->at("tenant") : std::string();
}

}  // namespace

void name_request(request& r, engine::random_port& random) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::string tenant = tenant_of(r.target);
  // What is no tenant's begins otherwise.
  const std::string made = observe::correlation_id(tenant.empty() ? "-" : tenant, now_ms, random.next());
  r.correlation_id = tenant.empty() ? "http-" + made.substr(std::string("sync---").size()) : made;
  const auto given = r.headers.find("x-correlation-id");
  if (given == r.headers.end()) return;
  if (!observe::valid_correlation_id(given->second)) {
    throw refusal(400, "SLU-7011", "a correlation id has 1 to 128 of the characters A-Z a-z 0-9 . _ : -");
  }
  r.correlation_id = given->second;
}

}  // namespace sluice::server
