#include "plugin/catalog.hpp"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "plugin/codes.hpp"
#include "plugin/error.hpp"
#include "plugin/strict_json.hpp"
#include "plugin/suggest.hpp"

namespace sluice::plugin {

namespace fs = std::filesystem;

namespace {

std::string in_words(component_kind kind, std::string_view name) {
  return std::string(to_text(kind)) + " `" + std::string(name) + "`";
}

void refuse(installed_plugin& p, problem why) {
  p.broken = true;
  p.problems.push_back(std::move(why));
}

installed_plugin read_plugin(const fs::path& folder) {
  installed_plugin out;
  out.folder = folder;
  out.metadata_file = folder / "plugin.json";
  const std::string name = folder.filename().string();
  const fs::path library = folder / (name + ".so");
  std::error_code absent;
  if (fs::symlink_status(library, absent).type() != fs::file_type::not_found) out.library = library;

  metadata_result read = read_metadata(out.metadata_file);
  out.problems = std::move(read.problems);
  out.broken = !read.value.has_value();
  if (read.value) out.meta = std::move(*read.value);
  if (!out.broken && out.meta.name != name) {
    refuse(out, {code::metadata_wrong, out.metadata_file.string(), "/name",
                 "the plugin calls itself `" + out.meta.name + "` but its folder is `" + name + "`",
                 "rename the folder and the library to `" + out.meta.name + "`"});
  }
  if (out.broken) out.meta.name = name;
  return out;
}

// A folder with a description or a library; one that has the library alone is reported as broken.
bool looks_like_plugin(const fs::path& folder) {
  const auto there = [](const fs::path& file) {
    std::error_code absent;
    return fs::symlink_status(file, absent).type() != fs::file_type::not_found && !absent;
  };
  const std::string name = folder.filename().string();
  return !name.starts_with('.') && (there(folder / "plugin.json") || there(folder / (name + ".so")));
}

// Where a stream is declared.
struct declared_stream {
  const installed_plugin* plugin;
  const stream_schema* stream;
};

std::multimap<std::string, declared_stream> all_streams(const std::vector<installed_plugin>& plugins) {
  std::multimap<std::string, declared_stream> out;
  for (const installed_plugin& p : plugins) {
    for (const component& c : p.meta.components) {
      for (const stream_schema& s : c.streams) out.emplace(s.name, declared_stream{&p, &s});
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : ", ") + w;
  return out;
}

}  // namespace

catalog catalog::scan(const std::vector<fs::path>& plugin_folders) {
  catalog out;
  for (const fs::path& folder : plugin_folders) out.scan_folder(folder);
  const auto by_name = [](const installed_plugin& a, const installed_plugin& b) {
    return a.meta.name < b.meta.name;
  };
  std::stable_sort(out.plugins_.begin(), out.plugins_.end(), by_name);
  out.refuse_duplicates();
  out.check_references();
  return out;
}

void catalog::scan_folder(const fs::path& given) {
  std::error_code failure;
  const fs::path folder = fs::canonical(given, failure);
  std::vector<fs::path> found;
  if (!failure) {
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
      if (looks_like_plugin(it->path())) found.push_back(it->path());
    }
  }
  if (failure) {
    folder_problems_.push_back({code::folder_unreadable,
                                given.string(),
                                {},
                                "the plugin folder can't be read: " + failure.message(),
                                "make it, or mend the path in the host file"});
  }
  if (!failure && looks_like_plugin(folder)) {
    const std::string holder = folder.parent_path().string();
    folder_problems_.push_back({code::folder_is_plugin,
                                given.string(),
                                {},
                                "this folder is itself a plugin",
                                "name the folder that holds it: " + holder,
                                true});
  }
  std::sort(found.begin(), found.end());
  for (const fs::path& p : found) plugins_.push_back(read_plugin(p));
}

void catalog::refuse_duplicates() {
  std::map<std::string, const installed_plugin*> names, components;
  const auto claim = [](auto& taken, const std::string& what, installed_plugin& p,
                        const std::string& pointer) {
    const auto [it, first] = taken.emplace(what, &p);
    if (first) return;
    refuse(p,
           {code::duplicate, p.metadata_file.string(), pointer,
            what + " is offered by " + it->second->metadata_file.string() + " too", "remove one of the two"});
  };
  for (installed_plugin& p : plugins_) {
    if (p.broken) continue;
    claim(names, "plugin `" + p.meta.name + "`", p, "/name");
    for (std::size_t i = 0; i < p.meta.components.size() && !p.broken; ++i) {
      const component& c = p.meta.components[i];
      claim(components, in_words(c.kind, c.name), p, at_index("/components", i));
    }
  }
}

void catalog::check_references() {
  std::vector<std::pair<installed_plugin*, problem>> found;
  const auto streams = all_streams(plugins_);
  for (installed_plugin& p : plugins_) {
    if (p.broken) continue;
    for (const component& c : p.meta.components) {
      for (const stream_schema& s : c.streams) {
        for (const reference& r : s.references) {
          const auto [from, to] = streams.equal_range(r.to);
          for (auto it = from; it != to; ++it) {
            const auto& [target, stream] = it->second;
            if (target->broken || stream->key == r.columns) continue;
            found.emplace_back(
                &p, problem{code::reference_mismatch,
                            p.metadata_file.string(),
                            {},
                            "reference `" + r.name + "` of stream `" + s.name + "` names the columns (" +
                                joined(r.columns) + "), but the key of `" + r.to + "` is (" +
                                joined(stream->key) + ")",
                            "name the key's columns, in order"});
          }
        }
      }
    }
  }
  for (auto& [plugin, why] : found) refuse(*plugin, std::move(why));
}

found_component catalog::find(component_kind kind, std::string_view name) const noexcept {
  for (const installed_plugin& p : plugins_) {
    if (p.broken) continue;
    if (const component* c = p.meta.find(kind, name)) return {&p, c};
  }
  return {};
}

found_component catalog::require(component_kind kind, std::string_view name) const {
  if (const found_component c = find(kind, name)) return c;
  const std::string what = in_words(kind, name);
  for (const installed_plugin& p : plugins_) {
    if (!p.broken || (p.meta.name != name && p.meta.find(kind, name) == nullptr)) continue;
    const auto why =
        std::find_if(p.problems.begin(), p.problems.end(), [](const problem& x) { return !x.warning; });
    if (why == p.problems.end()) continue;
    throw error(status::invalid, why->code, what + " can't be used: " + to_line(*why));
  }
  const std::string help = suggestion(name, names(kind));
  throw error(status::invalid, code::unknown_component,
              "no installed plugin offers " + what + "; " +
                  (help.empty() ? "install one, or mend the plugin folders in the host file" : help));
}

std::vector<std::string> catalog::names(component_kind kind) const {
  std::vector<std::string> out;
  for (const installed_plugin& p : plugins_) {
    for (const component& c : p.meta.components) {
      if (!p.broken && c.kind == kind) out.push_back(c.name);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

const installed_plugin* catalog::find_plugin(std::string_view name) const noexcept {
  const auto same = [&](const installed_plugin& p) { return p.meta.name == name; };
  const auto it = std::find_if(plugins_.begin(), plugins_.end(), same);
  return it == plugins_.end() ? nullptr : &*it;
}

std::vector<problem> catalog::problems() const {
  std::vector<problem> out = folder_problems_;
  for (const installed_plugin& p : plugins_) out.insert(out.end(), p.problems.begin(), p.problems.end());
  return out;
}

}  // namespace sluice::plugin
