#include "cli/progress.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace sluice::cli {

namespace {

constexpr std::int64_t redraw_us = 50'000;
constexpr int bar_width = 24;

std::int64_t now_us() {
  const auto t = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(t).count();
}

// Items are all that is known of how much is left; a plain read is one item until it ends.
std::string bar(const engine::progress& p) {
  const std::int64_t items = p.items_done + p.items_open;
  const auto filled = items == 0 ? 0 : static_cast<int>(p.items_done * bar_width / items);
  std::string out;
  for (int i = 0; i < bar_width; ++i) out += i < filled ? "█" : "░";
  return out;
}

}  // namespace

progress_view::progress_view(bool terminal, observe::logger& log) : terminal_(terminal), log_(log) {}

void progress_view::update(const engine::progress& p, const std::string& correlation_id,
                           const std::string& scope) {
  const std::lock_guard lock(mutex_);
  const std::string name = scope.empty() ? p.stage : p.stage + " (" + scope + ")";
  if (stages_.insert_or_assign(name, p).second) order_.push_back(name);
  if (!terminal_) {
    write_line(p, correlation_id, scope);
  } else if (now_us() - last_drawn_us_ >= redraw_us) {
    draw_bars();
  }
}

void progress_view::finish() {
  const std::lock_guard lock(mutex_);
  if (terminal_) draw_bars();
}

void progress_view::draw_bars() {
  std::string out = lines_drawn_ == 0 ? "" : "\x1b[" + std::to_string(lines_drawn_) + "A";
  for (const std::string& name : order_) {
    const engine::progress& p = stages_.at(name);
    std::array<char, 160> counts{};
    std::snprintf(counts.data(), counts.size(), " %6lld pages %9lld rows  +%lld ~%lld =%lld",
                  static_cast<long long>(p.pages), static_cast<long long>(p.rows.rows),
                  static_cast<long long>(p.rows.inserted), static_cast<long long>(p.rows.updated),
                  static_cast<long long>(p.rows.unchanged));
    std::string label = name.substr(0, 28);
    label.resize(28, ' ');
    out += "\x1b[2K  " + label + " " + bar(p) + counts.data() + "\n";
  }
  lines_drawn_ = order_.size();
  last_drawn_us_ = now_us();
  std::fputs(out.c_str(), stderr);
}

void progress_view::write_line(const engine::progress& p, const std::string& correlation_id,
                               const std::string& scope) {
  const engine::row_counts& n = p.rows;
  log_.write(observe::log_level::info, {.correlation_id = correlation_id}, "progress",
             {{"event", "progress"},
              {"scope", scope.empty() ? "tenant" : std::string_view(scope)},
              {"stage", p.stage},
              {"pages", p.pages},
              {"records", p.records},
              {"rows", n.rows},
              {"inserted", n.inserted},
              {"updated", n.updated},
              {"unchanged", n.unchanged},
              {"deleted", n.deleted},
              {"deferred", n.deferred},
              {"rejected", n.rejected},
              {"resolved", n.resolved_inserted + n.resolved_updated + n.resolved_unchanged},
              {"items_open", p.items_open},
              {"items_done", p.items_done}});
}

}  // namespace sluice::cli
