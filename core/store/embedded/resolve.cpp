// Rows that waited for a parent, and links that were left open.
#include <map>

#include <sluice/batch_builder.hpp>

#include "engine/failpoint.hpp"
#include "engine/planted.hpp"
#include "engine/row_hash.hpp"
#include "store/embedded/deferred.hpp"
#include "store/embedded/row_writer.hpp"
#include "store/embedded/session.hpp"
#include "store/errors.hpp"
#include "store/row_codec.hpp"

namespace sluice::store::embedded {

namespace {

using counts_by_stage = std::map<std::pair<std::string, std::string>, engine::row_counts>;  // (stage, stream)

// The deferred rows of one stream as a batch of one page, so that they go the way of all rows.
engine::commit_request as_request(const stream_schema& schema, const std::vector<deferred_record>& rows) {
  const auto layout = wire_layout(schema);
  batch_builder builder(layout);
  for (const deferred_record& d : rows) decode_row(d.payload, layout, builder);
  engine::stream_rows s;
  s.schema = &schema;
  s.rows = builder.finish();
  s.hashes = engine::hash_rows(batch_view(s.rows.get()), layout);
  engine::commit_request out;
  out.pages.emplace_back().page.streams.push_back(std::move(s));
  return out;
}

void count(engine::row_counts& c, outcome what) {
  switch (what) {
    case outcome::inserted: ++c.resolved_inserted; break;
    case outcome::updated: ++c.resolved_updated; break;
    case outcome::rejected:
    case outcome::deferred: break;
    default: ++c.resolved_unchanged; break;
  }
}

class resolver {
 public:
  resolver(tables& t, writer by) : tables_(t), by_(std::move(by)) {}

  // How many rows left the deferred table.
  std::int64_t rows(int limit) {
    std::map<std::string, std::vector<deferred_record>> by_stream;
    for (deferred_record& d : tables_.resolvable(by_.tenant, limit))
      by_stream[d.stream].push_back(std::move(d));
    std::int64_t left = 0;
    for (const auto& [stream, records] : by_stream) left += write(stream, records);
    return left;
  }

  std::int64_t links(int limit) {
    const auto found = tables_.resolvable_links(by_.tenant, limit);
    for (const link_record& l : found) {
      fill(l);
      tables_.erase_link(l);
    }
    return static_cast<std::int64_t>(found.size());
  }

  [[nodiscard]] const counts_by_stage& counts() const { return counts_; }

 private:
  std::int64_t write(const std::string& stream, const std::vector<deferred_record>& records) {
    stream_table* table = tables_.find_stream(stream);
    if (table == nullptr)
      throw internal(code::unknown_stream, "rows wait for stream `" + stream + "`, which has no table");
    const engine::commit_request request = as_request(table->schema(), records);
    prepared_batch batch = prepare(request);
    prepared_stream& s = batch.streams.front();
    for (prepared_row& r : s.rows) r.age = records[r.row].age;
    row_writer::context context;
    context.by = by_;
    context.resolving = true;
    context.origin_of = [&](const prepared_row& r) { return records[r.row].origin; };
    context.place = [&](const prepared_row& r, deferred_record& d) {
      const deferred_record& was = records[r.row];
      d.run_id = was.run_id;
      d.stage = was.stage;
      d.item = was.item;
      d.page_seq = was.page_seq;
    };
    row_writer(tables_, *table, s, context).run();
    for (const refusal& r : s.refusals) {
      tables_.add_reject(reject_of(records[s.rows[r.index].row], by_.run_id, by_.now_us, r.field, r.reason));
    }
    return settle_rows(s, records);
  }

  std::int64_t settle_rows(const prepared_stream& s, const std::vector<deferred_record>& records) {
    std::int64_t left = 0;
    for (const prepared_row& r : s.rows) {
      const deferred_record& d = records[r.row];
      if (r.what == outcome::deferred) continue;
      tables_.erase_deferred(d.tenant, d.stream, d.key);
      count(counts_[{d.stage, d.stream}], r.what);
      ++left;
    }
    return left;
  }

  void fill(const link_record& l) {
    SLUICE_IF_BUG(links_stay_open, return;)
    stream_table* child = tables_.find_stream(l.stream);
    stream_table* parent = tables_.find_stream(l.parent_stream);
    if (child == nullptr || parent == nullptr) return;
    const auto row = child->find(l.tenant, l.key);
    const auto target = parent->find(l.tenant, l.parent_key);
    if (!row || !target) return;
    const auto& references = child->schema().references;
    for (std::size_t i = 0; i < references.size(); ++i) {
      if (references[i].name == l.reference) child->set_parent(by_, row->id, i, target->id);
    }
  }

  tables& tables_;
  writer by_;
  counts_by_stage counts_;
};

}  // namespace

engine::resolve_result session::resolve(const std::string& run_id, std::int64_t run_epoch,
                                        const std::string& tenant, int limit) {
  transaction tx(*tables_);
  static_cast<void>(fence_run(run_id, run_epoch));
  resolver work(*tables_, {tenant, run_id, tables_->now_us()});
  engine::resolve_result out;
  out.resolved = work.rows(limit);
  SLUICE_FAILPOINT("resolve.after_rows");
  work.links(limit - static_cast<int>(out.resolved));
  out.more = !tables_->resolvable(tenant, 1).empty() || !tables_->resolvable_links(tenant, 1).empty();
  std::map<std::string, engine::row_counts> by_stream;
  const std::int64_t seq = tables_->next_line(run_id, "resolve");
  for (const auto& [place, counts] : work.counts()) {
    tables_->add_counts({run_id, place.first, "resolve", place.second, seq, counts, {}});
    by_stream[place.second] += counts;
  }
  out.streams.assign(by_stream.begin(), by_stream.end());
  SLUICE_FAILPOINT("resolve.before_commit");
  tx.commit();
  return out;
}

}  // namespace sluice::store::embedded
