// What is synced when: items, their reads, and whether what they wait for is there.
#include <algorithm>

#include "manifest/build.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

class phase_reader {
 public:
  phase_reader(build& b, phase& out, std::string name) : b_(b), c_(b.c), out_(out), name_(std::move(name)) {}

  void read(view& v) {
    const std::vector<node>& items = v.list("sync");
    for (std::size_t i = 0; i < items.size(); ++i) read_item(items[i], child_path(v.path("sync"), i));
    if (v.has("sync") && items.empty() && v.get("sync")->is_sequence()) {
      c_.report(code::missing_key, v.key_at("sync"), v.path("sync"), "nothing is synced here",
                "list entries of `domains`, or remove the phase");
    }
  }

  struct placed_item {
    std::size_t index;
    span at;
    std::string path;
  };
  [[nodiscard]] const std::vector<placed_item>& placed() const { return placed_; }

 private:
  void read_item(const node& n, const std::string& path) {
    static const node nothing = [] {
      node e;
      e.kind = node::kind::mapping;
      return e;
    }();
    if (n.is_scalar()) return add(n.text, n.at, nothing, path);
    if (n.is_mapping() && n.members.size() == 1) {
      const member& m = n.members[0];
      return add(m.key, m.key_at, m.value.is_null() ? nothing : m.value, path);
    }
    c_.report(code::wrong_type, n.at, path, "expected one entry of `domains`",
              "write `- ENTRY`, or `- { ENTRY: { mode: full } }`");
  }

  void add(const std::string& entry, span at, const node& settings, const std::string& path) {
    if (!b_.domains.contains(entry)) {
      std::vector<std::string> known;
      for (const auto& [name, unused] : b_.domains) known.push_back(name);
      c_.report(code::unknown_entry, at, path, "there is no entry " + in_ticks(entry) + " under `domains`",
                suggestion(entry, known, "entries"));
      return;
    }
    b_.used_entries.insert(entry);
    view v(c_, settings, item_shape, child_path(path, entry), at);
    if (!v.is_mapping()) return;
    item out;
    out.entry = entry;
    out.scope = v.choice("scope") == "subject" ? scope::subject : scope::tenant;
    out.mode = v.choice("mode") == "incremental" ? mode::incremental : mode::full;
    const std::string deletes = v.choice("deletes");
    out.deletes = deletes == "sweep" ? deletes::sweep : deletes == "none" ? deletes::none : deletes::events;
    out.full_every_us = v.duration("full_every");
    read_guard(v, out);
    pick_stages(v, out);
    check_mode(v, out);
    check_twice(out, at, v.path());
    out_.items.push_back(std::move(out));
    placed_.push_back({out_.items.size() - 1, at, v.path()});
  }

  void read_guard(view& v, item& out) {
    if (!v.has("guard")) return;
    view g(c_, *v.get("guard"), guard_shape, v.path("guard"), v.key_at("guard"));
    if (g.is_mapping()) out.guard = {g.ratio("max"), static_cast<int>(g.integer("floor"))};
  }

  void pick_stages(view& v, item& out) {
    std::vector<std::string> wanted, known;
    for (const read_draft& d : b_.reads) {
      if (d.out.entry == out.entry) known.push_back(d.out.name);
    }
    for (const view::placed_text& t : v.texts("reads")) {
      if (std::ranges::find(known, t.text) == known.end()) {
        c_.report(code::unknown_read, t.at, t.path, in_ticks(out.entry) + " has no read " + in_ticks(t.text),
                  suggestion(t.text, known, "reads"));
      } else {
        wanted.push_back(t.text);
      }
    }
    for (const read_draft& d : b_.reads) {
      if (d.out.entry != out.entry) continue;
      if (!v.has("reads") || std::ranges::find(wanted, d.out.name) != wanted.end())
        out.stages.push_back(d.out.stage);
    }
  }

  void check_mode(view& v, const item& out) {
    if (out.mode != mode::incremental) {
      if (v.has("full_every")) {
        c_.report(code::incremental, v.key_at("full_every"), v.path("full_every"),
                  "`full_every` is for `mode: incremental`", "every run of this item is full already");
      }
      return;
    }
    if (out.deletes == deletes::sweep) {
      finding& f = c_.report(code::sweep, v.get("deletes")->at, v.path("deletes"),
                             "an incremental read does not see every record, so it can't sweep",
                             "use `mode: full`, or `deletes: events` with `deleted_when`");
      f.related.emplace_back(v.get("mode")->at, "incremental here");
    }
    const bool any = std::ranges::any_of(
        out.stages, [&](const std::string& s) { return b_.find_read(s)->out.incremental.has_value(); });
    if (!any) {
      c_.report(code::incremental, v.get("mode")->at, v.path("mode"),
                "no read of " + in_ticks(out.entry) + " can be incremental",
                "say how by `incremental: { column: …, param: … }` in a read");
    }
  }

  void check_twice(const item& out, span at, const std::string& path) {
    for (const placed_item& before : placed_) {
      const item& other = out_.items[before.index];
      if (other.entry != out.entry || other.scope != out.scope) continue;
      const bool shared = std::ranges::any_of(out.stages, [&](const std::string& s) {
        return std::ranges::find(other.stages, s) != other.stages.end();
      });
      if (!shared) continue;
      finding& f = c_.report(code::listed_twice, at, path,
                             in_ticks(out.entry) + " is synced twice in this phase", "keep one of them");
      f.related.emplace_back(before.at, "first here");
      return;
    }
  }

  build& b_;
  context& c_;
  phase& out_;
  std::string name_;
  std::vector<placed_item> placed_;
};

// There is no such key, but what its author hopes for deserves an answer.
void explain_after(build& b, view& essential) {
  const member* after = essential.self().find("after");
  if (after == nullptr) return;
  for (finding& f : b.c.findings()) {
    if (f.at == after->key_at)
      f.help = {"the essential phase always comes first; the background phase begins when it is over"};
  }
}

bool reads_stage(const phase& p, scope s, const std::string& stage) {
  return std::ranges::any_of(p.items, [&](const item& i) {
    return i.scope == s && std::ranges::find(i.stages, stage) != i.stages.end();
  });
}

// Every read finds its parents in its own phase and scope.
void check_parents(build& b, const phase& p, const phase& other, const phase_reader& reader, bool essential) {
  for (const auto& placed : reader.placed()) {
    const item& i = p.items[placed.index];
    for (const std::string& stage : i.stages) {
      const read_draft& d = *b.find_read(stage);
      if (i.scope == scope::subject && d.out.subject) continue;
      for (const std::string& parent : d.out.parents) {
        if (parent == stage || reads_stage(p, i.scope, parent)) continue;
        const bool elsewhere =
            reads_stage(other, scope::tenant, parent) || reads_stage(other, scope::subject, parent);
        const std::string here = essential ? "essential" : "background",
                          there = essential ? "background" : "essential";
        std::string message = in_ticks(stage) + " waits for the records of " + in_ticks(parent) + ", which ";
        message += elsewhere ? "only the " + there + " phase reads"
                             : "the " + here + " phase does not read with this scope";
        b.c.report(
            code::order, placed.at, placed.path, message,
            essential && elsewhere
                ? "the essential phase is over before the background phase begins: read both in one phase"
                : "sync both in the same phase, with the same scope");
      }
    }
  }
}

// A subject's run can't tell that a row is gone where a read that it doesn't have may bring it.
void warn_unswept(build& b, const item& i, const phase_reader::placed_item& placed,
                  const std::set<std::string>& readable) {
  for (const std::string& stage : i.subject_stages) {
    const read& r = b.find_read(stage)->out;
    for (const partition& p : r.subject ? r.subject->partitions : r.partitions) {
      const auto other =
          std::ranges::find_if(p.others, [&](const std::string& s) { return !readable.contains(s); });
      if (other == p.others.end()) continue;
      b.c.warn(code::unswept, placed.at, placed.path,
               "rows of " + in_ticks(p.stream) +
                   " that vanish stay until the whole tenant is read: besides " + in_ticks(stage) + ", " +
                   in_ticks(*other) + " feeds it and can't be read for one subject",
               "give " + in_ticks(*other) +
                   " a `subject`, or sync with scope subject only where one read says all");
    }
  }
}

void pick_subject_stages(build& b, phase& p, const phase_reader& reader) {
  std::set<std::string> readable;
  for (const item& i : p.items) {
    if (i.scope != scope::subject) continue;
    for (const std::string& stage : i.stages) {
      if (b.find_read(stage)->out.subject) readable.insert(stage);
    }
  }
  for (const read_draft& d : b.reads) {  // parents come first
    if (!reads_stage(p, scope::subject, d.out.stage)) continue;
    if (std::ranges::any_of(d.out.parents, [&](const std::string& s) { return readable.contains(s); }))
      readable.insert(d.out.stage);
  }
  for (const auto& placed : reader.placed()) {
    item& i = p.items[placed.index];
    if (i.scope != scope::subject) continue;
    for (const std::string& stage : i.stages) {
      if (readable.contains(stage)) i.subject_stages.push_back(stage);
    }
    if (i.deletes != deletes::none) warn_unswept(b, i, placed, readable);
    if (!i.subject_stages.empty() || i.stages.empty()) continue;
    b.c.warn(code::whole_tenant, placed.at, placed.path,
             "no read of " + in_ticks(i.entry) +
                 " says how one subject is read, so it is read for the whole tenant",
             "add `subject: { request: … }` to a read, or use `scope: tenant`");
  }
}

}  // namespace

void read_phases(build& b, view& root) {
  b.out.every_us = root.duration("every");
  if (!root.has("phases")) return;
  view v(b.c, *root.get("phases"), phases_shape, "phases", root.key_at("phases"));
  if (!v.is_mapping()) return;
  phase_reader essential(b, b.out.essential, "essential"), background(b, b.out.background, "background");
  if (v.has("essential")) {
    view e(b.c, *v.get("essential"), essential_shape, v.path("essential"), v.key_at("essential"));
    b.out.essential.deadline_us = e.duration("deadline");
    b.out.essential.fresh_for_us = e.duration("fresh_for");
    explain_after(b, e);
    essential.read(e);
  }
  if (v.has("background")) {
    view g(b.c, *v.get("background"), background_shape, v.path("background"), v.key_at("background"));
    b.out.background.fresh_for_us = g.duration("fresh_for");
    background.read(g);
  }
  if (!v.has("essential") && !v.has("background")) {
    b.c.report(code::missing_key, v.at(), "phases", "there is no phase",
               "add `essential`, `background` or both");
  }
  check_parents(b, b.out.essential, b.out.background, essential, true);
  check_parents(b, b.out.background, b.out.essential, background, false);
  pick_subject_stages(b, b.out.essential, essential);
  pick_subject_stages(b, b.out.background, background);
}

void check_unused(build& b) {
  for (const auto& [name, at] : b.source_at) {
    if (b.used_sources.contains(name)) continue;
    b.c.warn(code::unused, at, "sources." + name, "no read uses the source " + in_ticks(name),
             "remove it, or use it by `from`");
  }
  for (const auto& [name, at] : b.entry_at) {
    if (b.used_entries.contains(name)) continue;
    b.c.warn(code::unused, at, "domains." + name, "no phase syncs the entry " + in_ticks(name),
             "add it to a `sync` list");
  }
}

}  // namespace sluice::manifest
