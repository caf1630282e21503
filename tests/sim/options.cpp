#include "options.hpp"

#include <sstream>

namespace sluice::sim {

namespace {

constexpr std::int64_t second = 1'000'000, minute = 60 * second;

class drawing {
 public:
  explicit drawing(world& w) : w_(w) {}

  // Half of the seeds do without.
  double rate(double most) {
    return w_.chance(0.5) ? 0 : most * static_cast<double>(w_.between(1, 100)) / 100;
  }
  int number(int low, int high) { return static_cast<int>(w_.between(low, high)); }
  // Mostly the ordinary value, now and then the least that is possible.
  int limit(int ordinary) { return w_.chance(0.25) ? 1 : number(1, ordinary); }
  bool flip(double p = 0.5) { return w_.chance(p); }
  std::int64_t between(std::int64_t low, std::int64_t high) { return w_.between(low, high); }

 private:
  world& w_;
};

void draw_tenant(options& o, drawing& d) {
  tenant_shape& t = o.tenant;
  t = {d.number(1, 14), d.number(0, 4), d.number(0, 10), d.number(0, 8), d.number(0, 5)};
  t.versions = d.flip();
  t.empty_tail = d.flip(0.3);
  t.late_us = d.flip() ? 0 : d.between(1, 90) * second;
  o.lag_us = t.late_us + d.between(0, 30) * second;
  o.page = d.limit(6);
  o.upstream = {d.rate(0.2),
                d.rate(0.1),
                d.rate(0.04),
                d.rate(0.1),
                d.rate(0.1),
                d.rate(0.2),
                t.versions ? d.rate(0.3) : 0,
                d.between(1'000, 200'000),
                d.flip(0.3) ? 0 : static_cast<double>(d.between(10, 100)) / 100,
                d.rate(0.1),
                d.rate(0.4)};
}

void draw_faults(options& o, drawing& d) {
  o.store = {d.rate(0.08), d.rate(0.08), d.rate(0.08), d.flip(0.7) ? 0 : d.rate(0.02),
             d.between(500, 100'000)};
  o.hosts.handlers = d.flip(0.2) ? 0 : d.between(20, 500);
  o.hosts.pause = d.flip(0.4) ? 0 : static_cast<double>(d.between(10, 60)) / 100;
  o.hosts.leave = d.flip() ? 0 : 0.2;
  o.hosts.in_flight = d.flip() ? 0 : 0.5;
  o.hosts.clock_off_us = d.flip() ? 0 : d.between(1, 1'500'000);
  o.hosts.wall_off_us = d.between(0, 10) * minute;
}

// Small limits make rare orders common.
void draw_engine(options& o, drawing& d) {
  engine::run_options& e = o.engine;
  e.batch.rows = d.limit(30);
  e.batch.writers = d.flip(0.3) ? 1 : 2;
  e.batch.linger_us = d.flip() ? 20'000 : d.between(0, 500'000);
  e.batch.store_patience_us = d.flip(0.8) ? 300 * second : d.between(2, 20) * second;
  e.active_items = d.limit(6);
  e.step_pages = d.flip() ? 500 : d.limit(12);
  e.step_us = d.flip(0.8) ? 30 * second : d.between(1, 3) * second;
  e.resolve_rows = d.limit(8);
  e.deadline_us = d.flip(0.85) ? 24 * 60 * minute : d.between(20, 300) * second;
  o.guard = {static_cast<double>(d.between(10, 100)) / 100, d.between(0, 8)};
  o.retry.attempts = d.number(2, 12);
}

}  // namespace

options draw_options(world& w, std::uint64_t seed) {
  drawing d(w);
  options o;
  o.seed = seed;
  o.two_hosts = d.flip(0.85);
  o.same_machine = d.flip(0.3);
  draw_tenant(o, d);
  draw_faults(o, d);
  draw_engine(o, d);
  o.busy_us = d.between(1, 12) * minute;
  o.runs = d.number(1, 5);
  o.changes = d.flip(0.15) ? 0 : d.number(1, 30);
  o.outages = d.flip() ? 0 : d.number(1, 3);
  o.cancels = d.flip(0.75) ? 0 : d.number(1, 2);
  o.disk_full = d.flip(0.7) ? 0 : d.number(1, 2);
  o.retain_every_us = d.flip(0.4) ? 0 : d.between(1, 15) * second;
  o.retain_age_us = d.flip() ? second : d.between(2, 90) * second;
  o.partitions = d.flip(0.6);
  o.whole = !o.partitions || d.flip();
  o.second_pipeline = d.flip(0.4);
  o.subjects = d.flip(0.4);
  return o;
}

std::string to_text(const options& o) {
  std::ostringstream out;
  const tenant_shape& t = o.tenant;
  const auto& u = o.upstream;
  const auto& s = o.store;
  const auto& e = o.engine;
  out << "hosts " << (o.two_hosts ? 2 : 1) << (o.same_machine ? " on one machine" : "")
      << "; a disturbance in " << o.hosts.handlers << " handlers, pause " << o.hosts.pause << ", leave "
      << o.hosts.leave << ", in flight " << o.hosts.in_flight << ", clock off by " << o.hosts.clock_off_us
      << " us, wall clock by " << o.hosts.wall_off_us << " us\n"
      << "tenant: people " << t.people << ", groups " << t.groups << ", grants " << t.grants << ", notes "
      << t.notes << ", badges " << t.badges << (t.versions ? ", versions" : "")
      << (t.empty_tail ? ", empty tail" : "") << ", late " << t.late_us << " us, lag " << o.lag_us
      << " us, page " << o.page << "\n"
      << "upstream: transient " << u.transient << ", throttled " << u.throttled << ", hang " << u.hang
      << ", truncated " << u.truncated << ", slow " << u.slow << ", gone " << u.gone << ", echo " << u.echo
      << ", latency " << u.latency_us << " us, next page early " << u.early << ", overtaken " << u.overtaken
      << ", uneven " << u.uneven << "; outages " << o.outages << "\n"
      << "store: before " << s.before << ", rollback " << s.rollback << ", after " << s.after << ", late "
      << s.late << ", delay " << s.delay_us << " us; disk full " << o.disk_full << "\n"
      << "engine: writers " << e.batch.writers << ", batch " << e.batch.rows << " rows, linger "
      << e.batch.linger_us << " us, patience " << e.batch.store_patience_us << " us, items " << e.active_items
      << ", step " << e.step_pages << " pages " << e.step_us << " us, resolve " << e.resolve_rows
      << ", deadline " << e.deadline_us << " us, guard " << o.guard.share << " over " << o.guard.floor
      << ", attempts " << o.retry.attempts << "\n"
      << "script: " << o.busy_us / second << " s, runs " << o.runs << ", changes " << o.changes
      << ", cancels " << o.cancels << ", retention every " << o.retain_every_us << " us of what is "
      << o.retain_age_us << " us old, sweeps" << (o.whole ? " of streams" : "")
      << (o.partitions ? " of partitions" : "") << (o.second_pipeline ? ", two pipelines" : "")
      << (o.subjects ? ", subjects" : "") << "\n";
  return out.str();
}

}  // namespace sluice::sim
