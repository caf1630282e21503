// `${…}` inside one scalar: found, never evaluated twice, never adding structure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::manifest {

enum class reference_kind : std::uint8_t {
  literal,        // no reference: text as it stands, `$${` read as `${`
  env,            // ${env:NAME}, ${env:NAME:-default}
  secret_env,     // ${secret:env:NAME}
  secret_file,    // ${secret:file:PATH}
  tenant,         // ${tenant}
  tenant_var,     // ${tenant.vars.X}
  tenant_secret,  // ${tenant.secrets.X}
  subject,        // ${subject}
  parent,         // ${parent.X}
  local,          // ${k}: a key named by `explode`
};

struct text_part {
  reference_kind kind = reference_kind::literal;
  std::string name;  // or the literal text
  std::optional<std::string> fallback;
};

struct scanned_text {
  std::vector<text_part> parts;
  std::string error, help;  // error is empty when all is well
};

[[nodiscard]] scanned_text scan_references(std::string_view);
[[nodiscard]] bool has_reference(std::string_view);
// The part as a manifest writes it; literals with their `${` escaped.
[[nodiscard]] std::string write_part(const text_part&);

}  // namespace sluice::manifest
