#include "manifest/plugin_values.hpp"
#include "manifest/reference.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

constexpr std::string_view host_help =
    "scheme, host and port come from the manifest, from ${env:…} or from ${tenant.vars.…}, never from what "
    "callers or "
    "upstreams say";

// Everything up to the path, with its references; the path's may be any.
std::string_view origin_of(std::string_view url, std::size_t scheme_end) {
  // References have no slash but in file names, and those are secrets, which are refused anyway.
  const std::size_t end = url.find_first_of("/?#", scheme_end + 3);
  return url.substr(0, end);
}

bool only_trusted(const std::vector<text_part>& parts, std::size_t count) {
  for (std::size_t i = 0; i < count && i < parts.size(); ++i) {
    if (parts[i].kind != reference_kind::literal && parts[i].kind != reference_kind::tenant_var) return false;
  }
  return true;
}

}  // namespace

void check_url(context& c, const node& written, const std::string& resolved, bool must_be_url,
               const std::string& path) {
  const std::size_t scheme_end = resolved.find("://");
  const std::vector<text_part> parts = scan_references(resolved).parts;
  if (scheme_end == std::string::npos) {
    // The whole origin may come from a tenant's var.
    const bool from_var = !parts.empty() && parts[0].kind == reference_kind::tenant_var;
    if (!must_be_url || from_var) return;
    c.report(code::bad_url, written.at, path, in_ticks(written.text) + " is not a URL",
             "begin it with https:// or http://");
    return;
  }
  // A URL inside other text, such as a query value, is not an address that is called.
  const std::string_view before = std::string_view(resolved).substr(0, scheme_end);
  if (!must_be_url && before.find_first_of("/?#= ") != std::string_view::npos) return;
  const std::string_view origin = origin_of(resolved, scheme_end);
  const std::vector<text_part> trusted = scan_references(origin).parts;
  if (!only_trusted(trusted, trusted.size())) {
    c.report(code::bad_url, written.at, path,
             "the host of " + in_ticks(written.text) + " could be chosen from outside",
             std::string(host_help));
  } else if (origin.find('@') != std::string_view::npos) {
    c.doc().mask(written.at);
    c.report(code::bad_url, written.at, path, "a URL can't hold a user or a password",
             "give them in the plugin's own fields, the password as \"${secret:env:NAME}\"");
  } else if (must_be_url && before != "https" && before != "http") {
    c.report(code::bad_url, written.at, path, "the scheme of " + in_ticks(written.text) + " can't be used",
             "begin it with https:// or http://");
  }
}

}  // namespace sluice::manifest
