// One read of a pipeline as requests: the manifest's `request`, checked once, and what is sent for a page.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/page.hpp>
#include <sluice/template.hpp>
#include <sluice/vars.hpp>

#include "paging.hpp"
#include "settings.hpp"

namespace sluice::http {

// A read. Immutable; many fetches use it at once.
struct read_plan {
  std::string name;     // "entities.users"
  std::string records;  // pointer
  std::string method = "GET";
  text_template path;
  std::vector<std::pair<std::string, text_template>> query;
  header_templates headers;
  text_template body;
  std::string content_type;
  page_format format = page_format::json;
  page_plan page;
};

// {"name", "request", "records", "incremental": {"param"}}; the last one is optional and adds a parameter that
// takes ${since}. Throws failure (bad_request).
[[nodiscard]] read_plan parse_read(std::string_view read_json);

struct prepared_request {
  std::string method, url, body;
  std::vector<std::string> headers;  // "Name: value", without credentials
  std::string origin_url;            // base_url, expanded
  std::string total_header;          // of the answer, kept beside its own; empty: none
  [[nodiscard]] std::string shown() const;  // "GET http://crm.test/v1/users": no query
};

// Throws failure when a variable is missing or can't be sent.
[[nodiscard]] prepared_request make_request(const settings&, const read_plan&, const vars&, const page_place&);

}  // namespace sluice::http
