// What every check shares: the document, the plugins, the environment, and where findings go; and the one place
// where references in a text are resolved.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/check.hpp"
#include "manifest/codes.hpp"
#include "manifest/document.hpp"

namespace sluice::manifest {

// Which references a text may hold. Those for the moment of use stay in it as they are.
struct text_policy {
  bool env = true;
  bool secret = false;         // must be a secret: a plain text is refused too
  bool tenant = false;         // ${tenant} and ${tenant.vars.x}
  bool tenant_secret = false;  // in a secret field
  bool subject = false;
  const std::vector<std::string>* parent = nullptr;  // names that ${parent.x} may use
  const std::vector<std::string>* locals = nullptr;  // keys that `explode` names
  bool is_template = false;                          // the result is expanded later: `$${` stays
  std::string_view why_not;                          // help for a reference that this policy refuses
};

class context {
 public:
  context(document& doc, const component_catalog& catalog, const environment& env, std::vector<finding>& out)
      : doc_(doc), catalog_(catalog), env_(env), out_(out) {}

  // Valid until the next report.
  finding& report(std::string_view code, span at, std::string path, std::string message,
                  std::string help = {});
  finding& warn(std::string_view code, span at, std::string path, std::string message, std::string help = {});

  // The text of a scalar with its references resolved, or nothing after a report.
  std::optional<std::string> resolve(const node& scalar, const std::string& path, const text_policy&);

  [[nodiscard]] document& doc() { return doc_; }
  [[nodiscard]] const component_catalog& catalog() const { return catalog_; }
  [[nodiscard]] const environment& env() const { return env_; }
  [[nodiscard]] std::vector<finding>& findings() { return out_; }
  [[nodiscard]] std::size_t count() const { return out_.size(); }

  const struct tenants* tenants = nullptr;  // once they are read: what ${tenant.vars.x} can mean

  // Drops findings made since `count()` was `n`: for trying one of several forms.
  void forget_since(std::size_t n) { out_.resize(n); }

 private:
  std::optional<std::string> resolve_part(const struct text_part&, const node&, const std::string& path,
                                          const text_policy&);
  bool check_place(const struct text_part&, const node&, const std::string& path, const text_policy&);
  bool check_secret(const struct text_part&, const node&, const std::string& path);
  bool check_tenant_name(const struct text_part&, const node&, const std::string& path);

  document& doc_;
  const component_catalog& catalog_;
  const environment& env_;
  std::vector<finding>& out_;
};

[[nodiscard]] std::string child_path(const std::string& path, std::string_view key);
[[nodiscard]] std::string child_path(const std::string& path, std::size_t index);

}  // namespace sluice::manifest
