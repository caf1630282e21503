// Reads from a page what its paging needs, and nothing more: no record is built.
#pragma once

#include <memory>
#include <string>

#include <sluice/page.hpp>

#include "paging.hpp"

namespace sluice::http {

// One thread at a time.
class scanner {
 public:
  scanner();
  ~scanner();

  // `body` must be sealed. Throws failure: not_json, bad_cursor. A records pointer that leads nowhere counts as
  // the end: the host reads the same page and says what is wrong with it.
  [[nodiscard]] page_facts scan(page_body& body, const page_plan&, const std::string& records);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace sluice::http
