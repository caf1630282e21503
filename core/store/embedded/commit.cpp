// One batch: fences, rows, ledger, checkpoints, children.
#include <map>
#include <set>

#include "engine/failpoint.hpp"
#include "engine/planted.hpp"
#include "store/embedded/row_writer.hpp"
#include "store/embedded/session.hpp"
#include "store/errors.hpp"

namespace sluice::store::embedded {

using engine::item_state;
using engine::stage_state;

namespace {

std::string where(const engine::page_write& w) {
  return "stage `" + w.stage + "`, item " + w.item + ", page " + std::to_string(w.page_seq) + ": ";
}

}  // namespace

void session::fence_pages(const engine::commit_request& request) {
  std::map<std::string, std::int64_t> stages;
  std::map<std::pair<std::string, std::string>, engine::item> items;
  for (const engine::page_write& w : request.pages) {
    if (const auto seen = stages.find(w.stage); seen == stages.end() || seen->second != w.stage_epoch) {
      const stage_record stage = SLUICE_BUG(no_fence) ? tables_->find_stage(request.run_id, w.stage).value()
                                                      : fence_stage(request.run_id, w.stage, w.stage_epoch);
      if (stage.state != stage_state::running) {
        throw fenced(code::fenced_stage,
                     where(w) + "the stage has ended: " + std::string(to_string(stage.state)));
      }
      stages[w.stage] = w.stage_epoch;
    }
    SLUICE_IF_BUG(doubt_is_failure, continue;)
    auto at = items.find({w.stage, w.item});
    if (at == items.end()) {
      auto it = tables_->find_item(request.run_id, w.stage, w.item);
      if (!it) throw fenced(code::fenced_page, where(w) + "there is no such item");
      at = items.emplace(std::pair(w.stage, w.item), std::move(*it)).first;
    }
    if (at->second.state != item_state::open)
      throw fenced(code::fenced_page, where(w) + "the item has ended");
    if (at->second.page_seq != w.page_seq) {
      throw fenced(code::fenced_page,
                   where(w) + "the checkpoint is at page " + std::to_string(at->second.page_seq));
    }
    ++at->second.page_seq;
    if (w.end) at->second.state = item_state::complete;
  }
}

engine::commit_result session::commit(engine::commit_request& request) {
  prepared_batch batch = prepare(request);
  if (request.gate && !request.gate())
    throw transient(code::busy, "the batch before this one was not committed");
  transaction tx(*tables_);
  SLUICE_FAILPOINT("commit.begun");
  const owned_run owned = SLUICE_BUG(no_fence) ? owned_run{tables_->find_run(request.run_id).value(), {}}
                                               : fence_run(request.run_id, request.run_epoch);
  fence_pages(request);
  SLUICE_FAILPOINT("commit.after_fence");
  SLUICE_IF_BUG(checkpoint_before_rows, move_checkpoints(request); tables_->commit(); tables_->begin();)
  const std::int64_t now = tables_->now_us();
  std::vector<std::int64_t> origins;
  for (const engine::page_write& w : request.pages) {
    origins.push_back(tables_->origin(owned.run.row.pipeline, w.entry));
  }
  row_writer::context context;
  context.by = {owned.run.row.tenant, request.run_id, now};
  context.origin_of = [&](const prepared_row& r) { return origins[r.page]; };
  context.place = [&](const prepared_row& r, deferred_record& d) {
    const engine::page_write& w = request.pages[r.page];
    d.run_id = request.run_id;
    d.stage = w.stage;
    d.item = w.item;
    d.page_seq = w.page_seq;
  };
  for (prepared_stream& s : batch.streams) row_writer(*tables_, table_of(*tables_, s), s, context).run();
  SLUICE_FAILPOINT("commit.after_rows");
  engine::commit_result result = settle(batch);
  write_rejects(request, batch, now);
  SLUICE_FAILPOINT("commit.after_rejects");
  if (!SLUICE_BUG(ledger_apart)) write_ledger(request, batch, result, now);
  SLUICE_FAILPOINT("commit.after_ledger");
  if (!SLUICE_BUG(checkpoint_before_rows)) move_checkpoints(request);
  SLUICE_FAILPOINT("commit.before_commit");
  SLUICE_IF_BUG(ledger_apart, tables_->commit(); tables_->begin(); write_ledger(request, batch, result, now);)
  tx.commit();
  SLUICE_FAILPOINT("commit.after_commit");
  return result;
}

void session::write_rejects(const engine::commit_request& request, const prepared_batch& batch,
                            std::int64_t now) {
  const auto add = [&](const engine::page_write& w, engine::reject what) {
    tables_->add_reject(
        {0, now, w.page_seq, request.run_id, request.tenant, w.stage, w.item, std::move(what)});
  };
  for (const engine::page_write& w : request.pages) {
    for (const std::int64_t id : w.page.replayed) tables_->erase_reject(id);
    for (const engine::reject& r : w.page.rejects) add(w, r);
  }
  for (const prepared_stream& s : batch.streams) {
    for (const refusal& r : s.refusals) add(request.pages[s.rows[r.index].page], to_reject(s, r));
  }
}

void session::write_ledger(const engine::commit_request& request, const prepared_batch& batch,
                           const engine::commit_result& result, std::int64_t now) {
  for (std::size_t p = 0; p < request.pages.size(); ++p) {
    const engine::page_write& w = request.pages[p];
    page_line line{request.run_id, w.stage, w.item, w.entry};
    line.page_seq = w.page_seq;
    line.ordinal = static_cast<std::int64_t>(p);
    line.declared_total = w.page.declared_total;
    line.requested_us = w.page.requested_at_us;
    line.at_us = now;
    line.records = w.page.records;
    line.high_us = w.page.high_us;
    line.is_end = w.end;
    line.id = request.id;
    tables_->add_page(line);
    for (const auto& [stream, counts] : result.pages[p].streams) {
      count_line c{request.run_id, w.stage, w.item, stream, w.page_seq, counts, {}};
      for (const prepared_stream& s : batch.streams) {
        if (s.schema->name == stream) c.keys = keys_of_page(s, static_cast<std::uint32_t>(p));
      }
      tables_->add_counts(c);
    }
  }
}

void session::move_checkpoints(const engine::commit_request& request) {
  std::set<std::string> child_stages;
  for (const engine::page_write& w : request.pages) {
    auto it = tables_->find_item(request.run_id, w.stage, w.item);
    it->page_state = w.next_state;
    it->page_seq = w.page_seq + 1;
    if (w.end) it->state = item_state::complete;
    tables_->put_item(request.run_id, w.stage, *it, request.id);
    SLUICE_IF_BUG(children_apart, tables_->commit(); tables_->begin();)
    for (const engine::child_item& c : w.page.children) {
      if (child_stages.insert(c.stage).second) {
        const auto stage = tables_->find_stage(request.run_id, c.stage);
        if (stage && stage->state > stage_state::running) {
          throw internal(code::unproven, where(w) + "gives work to stage `" + c.stage + "`, which has ended");
        }
      }
      tables_->add_item(request.run_id, c.stage, {c.item, c.vars});
    }
  }
}

std::optional<engine::commit_result> session::find_commit(const engine::commit_request& request) {
  return tables_->pages_of(request.run_id, request.id);
}

}  // namespace sluice::store::embedded
