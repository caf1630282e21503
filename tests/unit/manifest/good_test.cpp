// What a right manifest becomes.
#include <gtest/gtest.h>

#include "fake_catalog.hpp"

namespace sluice::manifest {
namespace {

using namespace testing;
using nlohmann::json;

check_result check_good(const std::string& name) {
  return check_file((here() / "good" / (name + ".yaml")).string(), fake_catalog(), fake_environment());
}

TEST(good_manifest, sign_in_passes) {
  const check_result r = check_good("sign-in");
  ASSERT_TRUE(r.ok()) << render_text(r.diagnostics);
  std::cout << render_text(r.diagnostics);
  for (const auto& x : r.pipeline->reads) std::cout << x.stage << "\n  " << x.request << "\n  " << x.decode << "\n";
}

}  // namespace
}  // namespace sluice::manifest
