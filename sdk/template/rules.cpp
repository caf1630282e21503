// The example domain: the rules that plugin.json can't say.
#include <string>

#include <sluice/domain.hpp>

#include "sluice_plugin.hpp"

namespace {

namespace thing = streams::examples;

class example_rules {
 public:
  explicit example_rules(const sluice::setup&) {}

  // Changes or refuses one row. The same row gets the same answer, always.
  sluice::verdict transform(thing::row& row) const {
    if (row.deleted()) return sluice::accept;
    const auto name = sluice::trim(row[thing::name].value_or(""));
    if (name.empty()) return sluice::reject(thing::name, "is blank");
    row.set(thing::name, name);
    const auto points = row[thing::points];
    if (points && *points < 0)
      return sluice::reject(thing::points, "is negative: " + std::to_string(*points));
    return sluice::accept;
  }
};

}  // namespace

SLUICE_PLUGIN(sluice::domain_of<example_rules, components::example>)
