// The few things that are done with addresses: checking, comparing origins, resolving links.
#pragma once

#include <string>
#include <string_view>

namespace sluice::http {

// Throws failure (bad_url) unless it is an http or https address without user, query and fragment.
void check_base(const std::string& base);

// The address that `link` means on a page of `base`. Throws failure (foreign_link) when it leaves base's origin:
// credentials are for that origin alone.
[[nodiscard]] std::string resolve_link(const std::string& base, const std::string& link);

// The host of an address, as it is written there.
[[nodiscard]] std::string host_of(const std::string& url);

// Without query and fragment: fit for messages and logs.
[[nodiscard]] std::string without_query(std::string_view url);

// The host that a Location header names, or its text when it names none.
[[nodiscard]] std::string target_of(const std::string& base, const std::string& location);

// The address of rel="next" in a Link header; empty: none.
[[nodiscard]] std::string next_of_link_header(std::string_view header);

}  // namespace sluice::http
