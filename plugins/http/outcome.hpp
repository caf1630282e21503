// What became of a transfer: a page, or a failure that says what, where and what to do.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sluice/page.hpp>

#include "scan.hpp"
#include "transfer.hpp"

namespace sluice::http {

// How it is told of.
struct told {
  const settings& config;
  std::vector<std::string> secrets;  // never shown, not even when the upstream repeats them
  bool deadline_first = false;       // the call's deadline was nearer than the total timeout
};

struct asked : told {
  const read_plan& read;
  const page_place& place;
};

struct access_token {
  std::string value;
  std::optional<std::chrono::milliseconds> good_for;
};

// Throws failure. `remark`: what is to be told of a list that was taken all the same.
[[nodiscard]] page make_page(transfer&, const asked&, scanner&, std::string& remark);

// The answer of a token endpoint. Throws failure.
[[nodiscard]] access_token make_token(const transfer&, const told&);

}  // namespace sluice::http
