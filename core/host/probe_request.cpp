#include "host/probe_request.hpp"

#include <algorithm>

#include "host/probe_mapping.hpp"
#include "plugin/suggest.hpp"

namespace sluice::host {

namespace {

using engine::failure;
using engine::failure_class;

failure unknown(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
  return {failure_class::invalid, "SLU-7051",
          "the manifest has no " + what + " `" + name + "`; " + plugin::suggestion(name, known)};
}

std::pair<std::string, std::string> split_pair(const std::string& text, const std::string& option) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || at == 0)
    throw failure(failure_class::invalid, "SLU-7050", option + " `" + text + "`: write NAME=VALUE");
  return {text.substr(0, at), text.substr(at + 1)};
}

int hex_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::string percent_decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_of(text[i + 1]) >= 0 && hex_of(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    out += static_cast<char>(16 * hex_of(text[i + 1]) + hex_of(text[i + 2]));
    i += 2;
  }
  return out;
}

void add_query(const std::string& text, nlohmann::json& query) {
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('&', from), text.size());
    const std::string one = text.substr(from, end - from);
    from = end + 1;
    const std::size_t at = std::min(one.find('='), one.size());
    if (!one.empty())
      query[percent_decoded(one.substr(0, at))] = percent_decoded(one.substr(std::min(at + 1, one.size())));
  }
}

}  // namespace

const manifest::read& named_read(const manifest::pipeline& pipeline, const std::string& name) {
  if (const manifest::read* found = pipeline.find_read(name)) return *found;
  std::vector<std::string> known;
  for (const manifest::read& r : pipeline.reads) known.push_back(r.stage);
  throw unknown("read", name, known);
}

probe_request plain_request(const manifest::pipeline& pipeline, const std::string& source,
                            const std::string& path, const std::vector<std::string>& query) {
  if (pipeline.find_source(source) == nullptr) {
    std::vector<std::string> known;
    for (const manifest::source& s : pipeline.sources) known.push_back(s.name);
    throw unknown("source", source, known);
  }
  const std::size_t mark = std::min(path.find('?'), path.size());
  nlohmann::json parameters = nlohmann::json::object();
  if (path.starts_with('/')) add_query(path.substr(std::min(mark + 1, path.size())), parameters);
  for (const std::string& one : query) {
    const auto [name, value] = split_pair(one, "--query");
    parameters[name] = value;
  }
  nlohmann::json request{{"path", path.starts_with('/') ? path.substr(0, mark) : path}};
  if (!parameters.empty()) request["query"] = parameters;
  probe_request out;
  out.source = source;
  out.request = request.dump();
  return out;
}

void add_parent(prober& host, probed_read& to, const std::vector<std::string>& given,
                const std::function<bool()>& cancelled) {
  const manifest::read& read = *to.read;
  for (const std::string& one : given) {
    const auto [name, value] = split_pair(one, "--parent");
    to.ask.vars["parent." + name] = value;
  }
  if (!given.empty() || read.parents.empty() || to.ask.vars.contains("subject")) return;
  const auto& parents = read.parents;
  const auto first = std::ranges::find_if(parents, [&](const std::string& p) { return p != read.stage; });
  if (first == parents.end()) return;
  const manifest::read& parent = *host.setup().pipeline.find_read(*first);
  probed_read above = read_as_request(parent, to.ask.tenant, {});
  add_parent(host, above, {}, cancelled);
  const probed_page page = host.fetch(above.ask, {}, cancelled);
  if (page.failed) {
    throw failure(page.failed->kind(), page.failed->code(),
                  "the parent read `" + parent.stage + "`: " + page.failed->message());
  }
  const mapping_sight seen = mapping_probe(host, above).look(page);
  const auto child =
      std::ranges::find(seen.children, read.stage, &std::pair<std::string, std::string>::first);
  if (child == seen.children.end()) {
    throw failure(failure_class::invalid, "SLU-7052",
                  "the first page of the parent read `" + parent.stage + "` has no record that `" +
                      read.stage + "` is made for; give the values yourself: --parent NAME=VALUE");
  }
  const auto vars = nlohmann::json::parse(child->second);
  for (const auto& [name, value] : vars.items()) to.ask.vars[name] = value.get<std::string>();
}

}  // namespace sluice::host
