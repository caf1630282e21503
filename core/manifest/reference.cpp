#include "manifest/reference.hpp"

#include <algorithm>

#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

constexpr std::string_view forms =
    "references are ${env:NAME}, ${env:NAME:-default}, ${secret:env:NAME}, ${secret:file:PATH}, ${tenant}, "
    "${tenant.vars.X}, ${tenant.secrets.X}, ${subject}, ${parent.x}; write $${ for a plain ${";

bool is_variable(std::string_view s) {
  return !s.empty() && !(s[0] >= '0' && s[0] <= '9') && std::ranges::all_of(s, [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

bool take(std::string_view& s, std::string_view prefix) {
  if (!s.starts_with(prefix)) return false;
  s.remove_prefix(prefix.size());
  return true;
}

// The inside of `${…}`; nothing when it is no reference that there is.
std::optional<text_part> parse_inside(std::string_view s) {
  using enum reference_kind;
  if (s == "tenant") return text_part{tenant, {}, {}};
  if (s == "subject") return text_part{subject, {}, {}};
  if (take(s, "env:")) {
    const std::size_t dash = s.find(":-");
    const std::string_view name = s.substr(0, dash);
    if (!is_variable(name)) return std::nullopt;
    text_part p{env, std::string(name), {}};
    if (dash != std::string_view::npos) p.fallback = std::string(s.substr(dash + 2));
    return p;
  }
  if (take(s, "secret:env:"))
    return is_variable(s) ? std::optional(text_part{secret_env, std::string(s), {}}) : std::nullopt;
  if (take(s, "secret:file:"))
    return s.empty() ? std::nullopt : std::optional(text_part{secret_file, std::string(s), {}});
  const auto named = [&](reference_kind kind) -> std::optional<text_part> {
    if (!is_variable(s) && !is_name(s)) return std::nullopt;
    return text_part{kind, std::string(s), {}};
  };
  if (take(s, "tenant.vars.")) return named(tenant_var);
  if (take(s, "tenant.secrets.")) return named(tenant_secret);
  if (take(s, "parent.")) return named(parent);
  return is_name(s) ? named(local) : std::nullopt;
}

}  // namespace

scanned_text scan_references(std::string_view text) {
  scanned_text out;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) out.parts.push_back({reference_kind::literal, std::move(literal), {}});
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with("$${")) {
      literal += "${";
      i += 3;
      continue;
    }
    if (!text.substr(i).starts_with("${")) {
      literal += text[i++];
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (end == std::string_view::npos) {
      out.error = "the reference " + in_ticks(text.substr(i)) + " has no closing `}`";
      out.help = forms;
      return out;
    }
    const std::string_view whole = text.substr(i, end + 1 - i);
    std::optional<text_part> part = parse_inside(whole.substr(2, whole.size() - 3));
    if (!part) {
      out.error = in_ticks(whole) + " is not a reference";
      out.help = forms;
      return out;
    }
    flush();
    out.parts.push_back(std::move(*part));
    i = end + 1;
  }
  flush();
  return out;
}

bool has_reference(std::string_view text) {
  const scanned_text s = scan_references(text);
  return !s.error.empty() ||
         std::ranges::any_of(s.parts, [](const text_part& p) { return p.kind != reference_kind::literal; });
}

std::string write_part(const text_part& p) {
  switch (p.kind) {
    case reference_kind::literal: {
      std::string out;
      for (std::size_t i = 0; i < p.name.size(); ++i) {
        if (p.name[i] == '$' && i + 1 < p.name.size() && p.name[i + 1] == '{') out += '$';
        out += p.name[i];
      }
      return out;
    }
    case reference_kind::env: return "${env:" + p.name + (p.fallback ? ":-" + *p.fallback : "") + "}";
    case reference_kind::secret_env: return "${secret:env:" + p.name + "}";
    case reference_kind::secret_file: return "${secret:file:" + p.name + "}";
    case reference_kind::tenant: return "${tenant}";
    case reference_kind::tenant_var: return "${tenant.vars." + p.name + "}";
    case reference_kind::tenant_secret: return "${tenant.secrets." + p.name + "}";
    case reference_kind::subject: return "${subject}";
    case reference_kind::parent: return "${parent." + p.name + "}";
    case reference_kind::local: break;
  }
  return "${" + p.name + "}";
}

}  // namespace sluice::manifest
