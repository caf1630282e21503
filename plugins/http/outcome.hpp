// What became of a transfer: a page, or a failure that says what, where and what to do.
#pragma once

#include <string>

#include <sluice/page.hpp>

#include "scan.hpp"
#include "transfer.hpp"

namespace sluice::http {

struct asked {
  const settings& config;
  const read_plan& read;
  const page_place& place;
  std::string secret;            // never shown, not even when the upstream repeats it
  bool deadline_first = false;   // the call's deadline was nearer than the total timeout
};

// Throws failure. `remark`: what is to be told of a list that was taken all the same.
[[nodiscard]] page make_page(transfer&, const asked&, scanner&, std::string& remark);

}  // namespace sluice::http
