// `for_each`: which reads make items for which, in what order, and no cycles.
#include <algorithm>
#include <functional>

#include "manifest/build.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

// `users` is a read of the same entry, `entry.read` any.
std::string stage_of(const read_draft& d, const std::string& name) {
  return name.find('.') == std::string::npos ? d.out.entry + "." + name : name;
}

std::vector<std::string> known_reads(const build& b, const read_draft& d) {
  std::vector<std::string> out;
  for (const read_draft& r : b.reads) out.push_back(r.out.entry == d.out.entry ? r.out.name : r.out.stage);
  return out;
}

void add_parent(build& b, read_draft& d, const node& n, const std::string& path) {
  if (!n.is_scalar() || classify(n) != scalar_type::text) {
    b.c.report(code::wrong_type, n.at, path, expected_found("the name of a read", n));
    return;
  }
  const std::string stage = stage_of(d, n.text);
  if (b.find_read(stage) == nullptr) {
    b.c.report(code::unknown_read, n.at, path, "there is no read " + in_ticks(n.text),
               suggestion(n.text, known_reads(b, d), "reads"));
  } else if (std::ranges::find(d.out.parents, stage) == d.out.parents.end()) {
    d.out.parents.push_back(stage);
  }
}

void read_parents(build& b, read_draft& d) {
  const member* m = d.merged.find("for_each");
  if (m == nullptr) return;
  const std::string path = child_path(d.path, "for_each");
  if (m->value.is_sequence()) {
    for (std::size_t i = 0; i < m->value.items.size(); ++i)
      add_parent(b, d, m->value.items[i], child_path(path, i));
  } else {
    add_parent(b, d, m->value, path);
  }
  if (d.out.parents == std::vector{d.out.stage}) {
    b.c.report(code::cycle, m->value.at, path,
               "this read waits for itself: `" + d.out.name + " → " + d.out.name + "`",
               "name the read that it begins with too: for_each: [roots, " + d.out.name + "]");
    d.out.parents.clear();
  }
}

// Depth first, parents before children. A read that names itself beside another parent descends; that is no cycle.
class sorter {
 public:
  explicit sorter(build& b) : b_(b) {}

  void run() {
    for (read_draft& d : b_.reads) visit(d);
    std::vector<read_draft> sorted;
    for (const std::string& stage : order_) sorted.push_back(std::move(*b_.find_read(stage)));
    b_.reads = std::move(sorted);
  }

 private:
  void visit(read_draft& d) {
    const std::string stage = d.out.stage;
    if (std::ranges::find(order_, stage) != order_.end()) return;
    path_.push_back(stage);
    std::vector<std::string> parents = d.out.parents;
    for (const std::string& parent : parents) {
      if (parent == stage) continue;
      const auto on_path = std::ranges::find(path_, parent);
      if (on_path != path_.end()) {
        report(d, on_path);
        std::erase(d.out.parents, parent);
        continue;
      }
      visit(*b_.find_read(parent));
    }
    path_.pop_back();
    order_.push_back(stage);
  }

  void report(const read_draft& d, std::vector<std::string>::const_iterator from) {
    const std::vector<std::string> cycle(from, path_.cend());
    const member* m = d.merged.find("for_each");
    finding& f = b_.c.report(code::cycle, m->value.at, child_path(d.path, "for_each"),
                             "reads wait for each other: `" + join(cycle, " → ") + " → " + *from + "`",
                             "one of them must be read without `for_each`");
    for (std::size_t i = 0; i + 1 < cycle.size(); ++i) {
      f.related.emplace_back(b_.find_read(cycle[i])->merged.find("for_each")->value.at,
                             "`" + cycle[i] + "` waits for `" + cycle[i + 1] + "`");
    }
  }

  build& b_;
  std::vector<std::string> path_, order_;
};

}  // namespace

void link_reads(build& b) {
  for (read_draft& d : b.reads) read_parents(b, d);
  for (const read_draft& d : b.reads) {
    if (const member* m = d.merged.find("if"); m != nullptr && d.merged.find("for_each") == nullptr) {
      b.c.report(code::map_value, m->key_at, child_path(d.path, "if"),
                 "`if` looks at parent records, and this read has no `for_each`",
                 "to filter its own records write `where`");
    }
  }
  sorter(b).run();
}

}  // namespace sluice::manifest
