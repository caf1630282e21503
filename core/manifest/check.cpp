#include "manifest/check.hpp"

#include <algorithm>
#include <cstdlib>

#include "manifest/build.hpp"
#include "manifest/file.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

// For parts of a manifest that name no plugin.
const class : public component_catalog {
 public:
  [[nodiscard]] const component_info* find(component_kind, std::string_view) const override {
    return nullptr;
  }
  [[nodiscard]] std::vector<std::string> names(component_kind) const override { return {}; }
} nothing_installed;

bool has_error(const std::vector<finding>& all) {
  return std::ranges::any_of(all, [](const finding& f) { return f.severity == severity::error; });
}

diagnostic about_file(const std::string& path, std::string_view code, std::string message, std::string help) {
  diagnostic d;
  d.code = code;
  d.at.file = path;
  d.message = std::move(message);
  if (!help.empty()) d.help.push_back(std::move(help));
  return d;
}

// The text of a file, or the one thing that is wrong with it as a whole.
std::optional<diagnostic> unreadable(const std::string& path, const file_text& file) {
  if (file.error.empty()) return std::nullopt;
  return about_file(path, file.too_large ? code::too_large : code::unreadable,
                    "can't read " + in_ticks(path) + ": " + file.error, file.help);
}

diagnostic empty_file(const std::string& path) {
  return about_file(path, code::empty, in_ticks(path) + " is empty",
                    "a manifest begins with `sluice: 1` and `name: …`");
}

bool is_blank(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool is_index(const std::string& key, std::size_t size) {
  const bool digits = !key.empty() && key.find_first_not_of("0123456789") == std::string::npos;
  return digits && std::stoul(key) < size;
}

void check_version(context& c, view& root) {
  const node* n = root.get("sluice");
  if (n == nullptr) return;
  const std::int64_t version = root.integer("sluice");
  if (version != 1 && parse_integer(n->text)) {
    c.report(code::version, n->at, "sluice", "this host reads manifests of version 1, not " + n->text,
             "write `sluice: 1`, or install the host that this manifest was written for");
  }
}

void run_passes(build& b, const node& tree) {
  view root(b.c, tree, manifest_shape, {}, {tree.at.begin, tree.at.begin});
  if (!root.is_mapping()) return;
  check_version(b.c, root);
  b.out.name = root.text("name");
  read_store(b, root);
  read_tenants(b, root);
  read_sources(b, root);
  read_backends(b, root);
  read_domains(b, root);
  link_reads(b);
  compile_reads(b);
  find_partitions(b);
  check_ownership(b);
  read_phases(b, root);
  read_routing(b, root);
  read_alerts(b, root);
  if (!has_error(b.c.findings())) check_unused(b);
}

}  // namespace

environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing here sets it
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

check_result check_text(const std::string& path, std::string_view text, const component_catalog& catalog,
                        const environment& env) {
  check_result out;
  if (text.size() > max_document_bytes) {
    out.diagnostics.push_back(about_file(path, code::too_large, "the manifest is larger than 1 MiB",
                                         "keep tenants in a file of their own"));
    return out;
  }
  if (is_blank(text)) {
    out.diagnostics.push_back(empty_file(path));
    return out;
  }
  document doc(path, text);
  std::vector<finding> findings;
  const std::optional<node> tree = parse_yaml(doc, findings);
  context c(doc, catalog, env, findings);
  build b(c);
  if (tree) run_passes(b, *tree);
  const bool good = tree && !has_error(findings);
  out.diagnostics = to_diagnostics(std::move(findings));
  if (!tree && out.diagnostics.empty()) out.diagnostics.push_back(empty_file(path));
  if (!good) return out;
  finish_reads(b);
  b.out.file = path;
  b.out.hash = pipeline_hash(b.out);
  out.pipeline = std::move(b.out);
  return out;
}

check_result check_file(const std::string& path, const component_catalog& catalog, const environment& env) {
  const file_text file = read_text_file(path, max_document_bytes);
  if (std::optional<diagnostic> d = unreadable(path, file)) return {{}, {std::move(*d)}};
  return check_text(path, file.text, catalog, env);
}

namespace {

// Checks only what `read` takes of the manifest.
template <class Read>
check_result check_part(const std::string& path, const component_catalog& catalog, const environment& env,
                        const Read& read) {
  const file_text file = read_text_file(path, max_document_bytes);
  if (std::optional<diagnostic> d = unreadable(path, file)) return {{}, {std::move(*d)}};
  check_result out;
  document doc(path, file.text);
  std::vector<finding> findings;
  const std::optional<node> tree = parse_yaml(doc, findings);
  context c(doc, catalog, env, findings);
  build b(c);
  if (tree) {
    const std::size_t before = c.count();
    view root(c, *tree, manifest_shape, {}, {tree->at.begin, tree->at.begin});
    read(b, root, before);
  }
  if (tree && !has_error(findings)) {
    b.out.file = path;
    out.pipeline = std::move(b.out);
  }
  out.diagnostics = to_diagnostics(std::move(findings));
  if (!tree && out.diagnostics.empty()) out.diagnostics.push_back(empty_file(path));
  return out;
}

}  // namespace

check_result check_store(const std::string& path, const environment& env) {
  return check_part(path, nothing_installed, env, [](build& b, view& root, std::size_t before) {
    if (root.has("name") && root.has("store")) b.c.forget_since(before);  // what is said of other parts
    check_version(b.c, root);
    b.out.name = root.text("name");
    read_store(b, root);
  });
}

check_result check_sources(const std::string& path, const component_catalog& catalog,
                           const environment& env) {
  return check_part(path, catalog, env, [](build& b, view& root, std::size_t before) {
    if (root.has("sources")) b.c.forget_since(before);  // what is said of other parts
    check_version(b.c, root);
    if (root.has("name")) b.out.name = root.text("name");
    if (root.has("tenants")) read_tenants(b, root);
    if (root.has("sources")) read_sources(b, root);
  });
}

diagnostic diagnostic_at(const std::string& path, const std::vector<std::string>& keys) {
  diagnostic out;
  out.at.file = path;
  out.path = join(keys, ".");
  const file_text file = read_text_file(path, max_document_bytes);
  if (!file.error.empty()) return out;
  const document doc(path, file.text);
  std::vector<finding> broken;
  const std::optional<node> tree = parse_yaml(doc, broken);
  const node* at = tree ? &*tree : nullptr;
  for (const std::string& key : keys) {
    const member* m = at == nullptr ? nullptr : at->find(key);
    if (m != nullptr) {
      out.at = doc.locate(m->key_at);
      out.source = doc.line_text(out.at.line);
      at = &m->value;
    } else if (at != nullptr && at->is_sequence() && key.size() < 6 && is_index(key, at->items.size())) {
      at = &at->items[std::stoul(key)];
    } else {
      break;
    }
  }
  return out;
}

tenants_result check_tenants_file(const std::string& path, const environment& env) {
  const file_text file = read_text_file(path, max_document_bytes);
  if (std::optional<diagnostic> d = unreadable(path, file)) return {{}, {std::move(*d)}};
  tenants_result out;
  document doc(path, file.text);
  std::vector<finding> findings;
  const std::optional<node> tree = parse_yaml(doc, findings);
  context c(doc, nothing_installed, env, findings);
  if (tree && tree->is_mapping()) {
    out.tenants = read_tenant_map(c, *tree, {}, false);
  } else if (tree) {
    c.report(code::wrong_type, tree->at, {}, expected_found("a mapping of tenants", *tree),
             "write `acme: {}`");
  }
  if (!tree || has_error(findings)) out.tenants.reset();
  out.diagnostics = to_diagnostics(std::move(findings));
  if (!out.tenants && out.diagnostics.empty()) {
    out.diagnostics.push_back(
        about_file(path, code::empty, in_ticks(path) + " is empty", "list tenants: `acme: {}`"));
  }
  return out;
}

const read* pipeline::find_read(const std::string& stage) const {
  const auto found = std::ranges::find(reads, stage, &read::stage);
  return found == reads.end() ? nullptr : &*found;
}

const domain* pipeline::find_domain(const std::string& entry) const {
  const auto found = std::ranges::find(domains, entry, &domain::name);
  return found == domains.end() ? nullptr : &*found;
}

const source* pipeline::find_source(const std::string& wanted) const {
  const auto found = std::ranges::find(sources, wanted, &source::name);
  return found == sources.end() ? nullptr : &*found;
}

}  // namespace sluice::manifest
