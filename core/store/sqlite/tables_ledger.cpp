// The ledger, and the account that is read from it.
#include <nlohmann/json.hpp>

#include "store/errors.hpp"
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

namespace {

// The columns of a ledger line in their order.
constexpr std::int64_t engine::row_counts::*counters[] = {&engine::row_counts::rows,
                                                          &engine::row_counts::inserted,
                                                          &engine::row_counts::updated,
                                                          &engine::row_counts::unchanged,
                                                          &engine::row_counts::deleted,
                                                          &engine::row_counts::deferred,
                                                          &engine::row_counts::rejected,
                                                          &engine::row_counts::duplicate,
                                                          &engine::row_counts::stale,
                                                          &engine::row_counts::skipped,
                                                          &engine::row_counts::resolved_inserted,
                                                          &engine::row_counts::resolved_updated,
                                                          &engine::row_counts::resolved_unchanged,
                                                          &engine::row_counts::swept};

engine::row_counts read_counts(const cursor& c, int from) {
  engine::row_counts out;
  for (auto counter : counters) out.*counter = c->number(from++);
  return out;
}

const std::string counter_names =
    "rows, inserted, updated, unchanged, deleted, deferred, rejected, duplicate, stale, skipped, "
    "resolved_inserted, resolved_updated, resolved_unchanged, swept";

stage_account* find(std::vector<stage_account>& all, std::string_view stage) {
  for (stage_account& a : all) {
    if (a.row.stage == stage) return &a;
  }
  return nullptr;
}

}  // namespace

void tables::add_page(const embedded::page_line& l) {
  db_->run(
      "INSERT INTO sluice_pages (run_id, stage, item, page_seq, entry, records, mapped, filtered, rejected, "
      "declared_total, is_end, commit_id, ordinal, requested_us, at_us, high_us) VALUES "
      "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      l.run_id, l.stage, l.item, l.page_seq, l.entry, l.records.records, l.records.mapped, l.records.filtered,
      l.records.rejected, l.declared_total, l.is_end, blob(l.id.data(), l.id.size()), l.ordinal,
      l.requested_us, l.at_us, l.high_us);
}

void tables::add_counts(const embedded::count_line& l) {
  // A key is checked before it is written; a row that was refused may bring one that is not UTF-8.
  const std::string keys =
      nlohmann::json(l.keys).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const engine::row_counts& c = l.counts;
  static const std::string sql = "INSERT INTO sluice_ledger (run_id, stage, item, page_seq, stream, " +
                                 counter_names + ", keys) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
  db_->run(sql.c_str(), l.run_id, l.stage, l.item, l.page_seq, l.stream, c.rows, c.inserted, c.updated,
           c.unchanged, c.deleted, c.deferred, c.rejected, c.duplicate, c.stale, c.skipped,
           c.resolved_inserted, c.resolved_updated, c.resolved_unchanged, c.swept, keys);
}

std::optional<engine::commit_result> tables::pages_of(const std::string& run_id,
                                                      const embedded::commit_id& id) {
  static const std::string sql = "SELECT stream, " + counter_names +
                                 " FROM sluice_ledger "
                                 "WHERE run_id=? AND stage=? AND item=? AND page_seq=? ORDER BY rowid";
  engine::commit_result out;
  auto page = db_->query(
      "SELECT stage, item, page_seq FROM sluice_pages WHERE run_id=? AND commit_id=? ORDER BY ordinal",
      run_id, blob(id.data(), id.size()));
  while (page.next()) {
    auto& result = out.pages.emplace_back();
    auto line = db_->query(sql.c_str(), run_id, page->text(0), page->text(1), page->number(2));
    while (line.next()) result.streams.emplace_back(line->string(0), read_counts(line, 1));
  }
  if (out.pages.empty()) return std::nullopt;
  return out;
}

std::int64_t tables::next_line(const std::string& run_id, const std::string& item) {
  auto c = db_->query("SELECT coalesce(max(page_seq) + 1, 0) FROM sluice_ledger WHERE run_id=? AND item=?",
                      run_id, item);
  return c.next() ? c->number(0) : 0;
}

std::vector<stage_account> tables::accounts(const std::string& run_id) {
  std::vector<stage_account> out;
  {
    auto c = db_->query(
        "SELECT stage, phase, critical, state, epoch, started_us, ended_us, error_code, error, suspect "
        "FROM sluice_stages WHERE run_id=? ORDER BY seq",
        run_id);
    while (c.next()) {
      engine::stage_row& r = out.emplace_back().row;
      r.stage = c->string(0);
      r.phase = c->text(1) == "essential" ? engine::phase::essential : engine::phase::background;
      r.critical = c->number(2) != 0;
      r.state = engine::stage_state_from(c->text(3));
      r.epoch = c->number(4);
      r.started_us = c->number(5);
      r.ended_us = c->number(6);
      r.error_code = c->string(7);
      r.error = c->string(8);
      r.suspect = c->number(9) != 0;
    }
  }
  sum_items(run_id, out);
  sum_pages(run_id, out);
  sum_rows(run_id, out);
  return out;
}

void tables::sum_items(const std::string& run_id, std::vector<stage_account>& out) {
  auto c = db_->query(
      "SELECT i.stage, sum(i.state='open'), sum(i.state<>'open'), sum(i.page_seq), "
      "sum(i.state='complete' AND p.is_end IS NOT 1) FROM sluice_items i LEFT JOIN sluice_pages p "
      "ON p.run_id=i.run_id AND p.stage=i.stage AND p.item=i.item AND p.page_seq=i.page_seq-1 "
      "WHERE i.run_id=? GROUP BY i.stage",
      run_id);
  while (c.next()) {
    stage_account* a = find(out, c->text(0));
    if (a == nullptr) continue;  // its stage has not begun; finish_run counts open items by themselves
    a->row.items_open = c->number(1);
    a->row.items_done = c->number(2);
    a->page_seq_sum = c->number(3);
    a->items_unended = c->number(4);
  }
}

void tables::sum_pages(const std::string& run_id, std::vector<stage_account>& out) {
  auto c = db_->query(
      "SELECT stage, count(*), sum(records), sum(mapped), sum(filtered), sum(rejected) "
      "FROM sluice_pages WHERE run_id=? GROUP BY stage",
      run_id);
  while (c.next()) {
    stage_account* a = find(out, c->text(0));
    if (a == nullptr) continue;
    a->row.pages = c->number(1);
    a->row.records = {c->number(2), c->number(3), c->number(4), c->number(5)};
  }
}

void tables::sum_rows(const std::string& run_id, std::vector<stage_account>& out) {
  auto c = db_->query(
      "SELECT stage, stream, sum(rows), sum(inserted), sum(updated), sum(unchanged), sum(deleted), "
      "sum(deferred), sum(rejected), sum(duplicate), sum(stale), sum(skipped), sum(resolved_inserted), "
      "sum(resolved_updated), sum(resolved_unchanged), sum(swept), sum(rows <> inserted + updated + "
      "unchanged + deleted + "
      "deferred + rejected OR duplicate + stale > unchanged OR skipped > resolved_unchanged) "
      "FROM sluice_ledger WHERE run_id=? GROUP BY stage, stream",
      run_id);
  while (c.next()) {
    stage_account* a = find(out, c->text(0));
    if (a == nullptr) continue;  // resolved for a stage of an earlier run
    a->row.streams.emplace_back(c->string(1), read_counts(c, 2));
    a->unbalanced += c->number(16);
  }
}

}  // namespace sluice::store::sqlite
