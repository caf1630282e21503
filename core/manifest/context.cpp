#include "manifest/context.hpp"

#include <algorithm>

#include "manifest/file.hpp"
#include "manifest/reference.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

bool is_secret(reference_kind k) {
  return k == reference_kind::secret_env || k == reference_kind::secret_file ||
         k == reference_kind::tenant_secret;
}

const std::map<std::string, std::string>& names_of(const tenant_settings& t, reference_kind kind) {
  return kind == reference_kind::tenant_var ? t.vars : t.secrets;
}

}  // namespace

std::string child_path(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}
std::string child_path(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

finding& context::report(std::string_view code, span at, std::string path, std::string message,
                         std::string help) {
  finding f{std::string(code), severity::error,    &doc_, at, false,
            std::move(path),   std::move(message), {},    {}};
  if (!help.empty()) f.help.push_back(std::move(help));
  return out_.emplace_back(std::move(f));
}

finding& context::warn(std::string_view code, span at, std::string path, std::string message,
                       std::string help) {
  finding& f = report(code, at, std::move(path), std::move(message), std::move(help));
  f.severity = severity::warning;
  return f;
}

std::optional<std::string> context::resolve(const node& scalar, const std::string& path,
                                            const text_policy& policy) {
  const scanned_text scanned = scan_references(scalar.text);
  if (!scanned.error.empty()) {
    report(code::bad_reference, scalar.at, path, scanned.error, scanned.help);
    return std::nullopt;
  }
  const bool secret =
      std::ranges::any_of(scanned.parts, [](const text_part& p) { return is_secret(p.kind); });
  if (policy.secret && !secret && !scalar.text.empty()) {
    doc_.mask(scalar.at);
    report(code::literal_secret, scalar.at, path, "a secret is not written into a manifest",
           "name it: \"${secret:env:NAME}\", \"${secret:file:PATH}\"" +
               std::string(policy.tenant_secret ? " or \"${tenant.secrets.x}\"" : ""));
    return std::nullopt;
  }
  std::string out;
  bool good = true;
  for (const text_part& part : scanned.parts) {
    const std::optional<std::string> text = resolve_part(part, scalar, path, policy);
    good = good && text;
    if (text) out += *text;
  }
  return good ? std::optional(out) : std::nullopt;
}

std::optional<std::string> context::resolve_part(const text_part& part, const node& scalar,
                                                 const std::string& path, const text_policy& policy) {
  using enum reference_kind;
  if (part.kind == literal) return policy.is_template ? write_part(part) : part.name;
  if (!check_place(part, scalar, path, policy)) return std::nullopt;
  if (part.kind == env) {
    const std::optional<std::string> value = env_(part.name);
    if (value && !value->empty()) return policy.is_template ? write_part({literal, *value, {}}) : *value;
    if (part.fallback) return policy.is_template ? write_part({literal, *part.fallback, {}}) : *part.fallback;
    report(code::missing_variable, scalar.at, path,
           "the environment variable " + in_ticks(part.name) + (value ? " is empty" : " is not set"),
           "set it, or give a default: ${env:" + part.name + ":-default}");
    return std::nullopt;
  }
  if (is_secret(part.kind) && !check_secret(part, scalar, path)) return std::nullopt;
  if (part.kind == tenant_var || part.kind == tenant_secret) {
    if (!check_tenant_name(part, scalar, path)) return std::nullopt;
  }
  if (part.kind == secret_file && !part.name.starts_with('/')) {
    return write_part({secret_file, doc_.folder() + "/" + part.name, {}});
  }
  return write_part(part);
}

bool context::check_place(const text_part& part, const node& scalar, const std::string& path,
                          const text_policy& policy) {
  using enum reference_kind;
  const std::string written = in_ticks(write_part(part));
  const auto named = [&](const std::vector<std::string>* names, std::string_view what) {
    if (names == nullptr) return false;
    if (std::ranges::find(*names, part.name) != names->end()) return true;
    report(code::not_kept, scalar.at, path, "there is no " + written, suggestion(part.name, *names, what));
    return true;
  };
  const std::size_t before = count();
  bool fits = false;
  switch (part.kind) {
    case literal: return true;
    case env: fits = policy.env; break;
    case secret_env:
    case secret_file: fits = policy.secret; break;
    case tenant_secret: fits = policy.secret && policy.tenant_secret; break;
    case tenant:
    case tenant_var: fits = policy.tenant; break;
    case subject: fits = policy.subject; break;
    case parent: fits = named(policy.parent, "kept value of the parent read"); break;
    case local: fits = named(policy.locals, "key of an `explode`"); break;
  }
  if (fits) return count() == before;
  if (part.kind == local) {
    report(code::bad_reference, scalar.at, path, written + " is not a reference",
           "environment variables are written ${env:NAME}; write $${ for a plain ${");
  } else if (is_secret(part.kind) && !policy.secret) {
    report(code::misplaced_secret, scalar.at, path, "this field is not secret, so it can't hold " + written,
           "secrets are for fields that the plugin marks secret, for `store.dsn`, `notify.*.secret` and "
           "`tenants.*.secrets`");
  } else {
    report(
        code::misplaced_reference, scalar.at, path, written + " has no value here",
        policy.why_not.empty() ? "only ${env:NAME} can be used in this field" : std::string(policy.why_not));
  }
  return false;
}

bool context::check_secret(const text_part& part, const node& scalar, const std::string& path) {
  if (part.kind == reference_kind::secret_env) {
    const std::optional<std::string> value = env_(part.name);
    if (value && !value->empty()) return true;
    report(code::missing_variable, scalar.at, path,
           "the environment variable " + in_ticks(part.name) + (value ? " is empty" : " is not set"),
           "it holds a secret: set it for this process");
    return false;
  }
  if (part.kind == reference_kind::secret_file) {
    const std::string file = part.name.starts_with('/') ? part.name : doc_.folder() + "/" + part.name;
    const std::string problem = secret_file_problem(file);
    if (problem.empty()) return true;
    report(code::secret_file, scalar.at, path,
           "the secret file " + in_ticks(part.name) + " can't be used: " + problem,
           "make it a non-empty file that only its owner can read: `chmod 600`");
    return false;
  }
  return true;
}

bool context::check_tenant_name(const text_part& part, const node& scalar, const std::string& path) {
  if (tenants == nullptr) return true;
  const bool var = part.kind == reference_kind::tenant_var;
  std::vector<std::string> lacking, known;
  for (const auto& [id, settings] : tenants->known) {
    const auto& names = names_of(settings, part.kind);
    if (!names.contains(part.name)) lacking.push_back(id);
    for (const auto& [name, value] : names) known.push_back(name);
  }
  if (lacking.empty()) return true;
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());
  const std::string what = var ? "var" : "secret";
  std::string help = std::ranges::find(known, part.name) == known.end()
                         ? suggestion(part.name, known, "tenant " + what)
                         : std::string();
  if (help.empty() || known.empty()) help = "add it under `tenants." + lacking[0] + "." + what + "s`";
  const std::string others = lacking.size() > 1 ? " and " + std::to_string(lacking.size() - 1) + " more" : "";
  report(code::missing_variable, scalar.at, path,
         "tenant " + in_ticks(lacking[0]) + others + (lacking.size() > 1 ? " have no " : " has no ") + what +
             " " + in_ticks(part.name),
         help);
  return false;
}

}  // namespace sluice::manifest
