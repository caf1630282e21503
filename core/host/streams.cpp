#include "host/streams.hpp"

#include <algorithm>
#include <map>

#include "plugin/error.hpp"

namespace sluice::host {

namespace {

plugin::found_component owner_of(const plugin::catalog& catalog, const std::string& stream) {
  for (const std::string& name : catalog.names(plugin::component_kind::domain)) {
    const auto found = catalog.find(plugin::component_kind::domain, name);
    if (found.item->find_stream(stream) != nullptr) return found;
  }
  return {};
}

class collector {
 public:
  explicit collector(const plugin::catalog& catalog) : catalog_(catalog) {}

  void add(const plugin::found_component& domain) {
    auto& of_plugin = domains_[domain.plugin->meta.name];
    if (std::find(of_plugin.begin(), of_plugin.end(), domain.item) != of_plugin.end()) return;
    of_plugin.push_back(domain.item);
    for (const stream_schema& s : domain.item->streams) {
      for (const reference& r : s.references) add_target(s, r);
    }
    if (std::find(order_.begin(), order_.end(), domain.plugin) == order_.end()) order_.push_back(domain.plugin);
  }

  [[nodiscard]] std::vector<plugin_streams> take() const {
    std::vector<plugin_streams> out;
    for (const plugin::installed_plugin* p : order_) {
      plugin_streams of{p->meta.name, p->meta.version, {}};
      for (const plugin::component* c : domains_.at(p->meta.name)) {
        of.streams.insert(of.streams.end(), c->streams.begin(), c->streams.end());
      }
      out.push_back(std::move(of));
    }
    return out;
  }

 private:
  void add_target(const stream_schema& s, const reference& r) {
    const auto target = owner_of(catalog_, r.to);
    if (!target) {
      throw plugin::error(plugin::status::invalid, "SLU-6029",
                          "stream `" + s.name + "` refers to `" + r.to +
                              "`, which no installed plugin has; install the plugin that declares it");
    }
    add(target);
  }

  const plugin::catalog& catalog_;
  std::map<std::string, std::vector<const plugin::component*>> domains_;
  std::vector<const plugin::installed_plugin*> order_;
};

}  // namespace

std::vector<plugin_streams> streams_of(const manifest::pipeline& pipeline, const plugin::catalog& catalog) {
  collector all(catalog);
  for (const manifest::domain& d : pipeline.domains) all.add(catalog.require(plugin::component_kind::domain, d.uses));
  return all.take();
}

}  // namespace sluice::host
