// Loads the built plugin as a host does. Needs no test framework; use the one you like.
#include <iostream>

#include <sluice/testing/domain_contract.hpp>

#include "sluice_plugin.hpp"

namespace testkit = sluice::testkit;
using things = streams::examples::stream;

int main() {
  testkit::domain rules(testkit::load_plugin(SLUICE_PLUGIN_FOLDER), "example", "{}");
  int failed = 0;
  const auto expect = [&failed](bool ok, const char* what) {
    if (!ok) std::cerr << "failed: " << what << "\n";
    failed += ok ? 0 : 1;
  };

  const std::vector<testkit::record> samples = {{{"external_id", "1"}, {"name", " Ada "}, {"points", "3"}},
                                                {{"external_id", "2"}, {"name", " "}},
                                                {{"external_id", "3"}, {"name", "Bo"}, {"points", "-1"}}};
  const auto out = rules.transform<things>(samples);
  expect(out.rows[0].at("name") == "Ada", "names are trimmed");
  expect(out.rejected.size() == 2, "two rows are rejected");
  expect(out.rejected.at(0) == testkit::refusal{1, "name", "is blank"}, "a blank name is rejected");
  expect(out.rejected.at(1) == testkit::refusal{2, "points", "is negative: -1"},
         "negative points are rejected");

  for (const std::string& broken : testkit::broken_promises<things>(rules, samples))
    expect(false, broken.c_str());
  return failed == 0 ? 0 : 1;
}
