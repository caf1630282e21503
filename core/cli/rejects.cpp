// `sluice rejects list`: what could not be taken, and why.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "cli/look.hpp"
#include "host/lists.hpp"
#include "host/receipt.hpp"

namespace sluice::cli {

namespace {

void print_reject(const engine::reject_row& r) {
  std::string what = r.what.stream;
  for (const std::string* part : {&r.what.key, &r.what.field}) {
    if (!part->empty()) what += (what.empty() ? "" : " ") + *part;
  }
  const std::string place = r.what.ordinal < 0 ? "row" : "record " + std::to_string(r.what.ordinal);
  std::printf("%s  %s  %s page %lld %s  %s%s\n", r.run_id.c_str(), host::instant_text(r.at_us).c_str(),
              r.stage.c_str(), static_cast<long long>(r.page_seq), place.c_str(),
              what.empty() ? "" : (what + ": ").c_str(), r.what.reason.c_str());
}

}  // namespace

int list_rejects(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    const auto rows = host::list_rejects(s, {o.tenant, o.run_id, o.all, o.limit});
    if (rows.empty()) say_none(a, o, "rejects");
    if (a.options().json) {
      nlohmann::json out = nlohmann::json::array();
      for (const engine::reject_row& r : rows) out.push_back(host::reject_json(r));
      std::printf("%s\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    } else {
      for (const engine::reject_row& r : rows) print_reject(r);
    }
    return exit_code::good;
  });
}

}  // namespace sluice::cli
