// Rejects, deferred rows, pending links; and the streams that they speak of.
#include "store/errors.hpp"
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

using embedded::deferred_record;
using embedded::link_record;

namespace {

const std::string link_columns = "d.tenant, d.stream, d.key, d.reference, d.parent_stream, d.parent_key";
const std::string deferred_columns =
    link_columns +
    ", d.payload, d.origin, d.run_id, d.stage, d.item, d.page_seq, d.version, d.requested_us, "
    "d.first_seen_us, d.expires_us";

deferred_record read_deferred(const statement& s) {
  deferred_record d;
  d.tenant = s.string(0);
  d.stream = s.string(1);
  d.key = s.string(2);
  d.reference = s.string(3);
  d.parent_stream = s.string(4);
  d.parent_key = s.string(5);
  d.payload = s.string(6);
  d.origin = s.number(7);
  d.run_id = s.string(8);
  d.stage = s.string(9);
  d.item = s.string(10);
  d.page_seq = s.number(11);
  if (!s.is_null(12)) d.age.version = s.number(12);
  d.age.read_at_us = s.number(13);
  d.first_seen_us = s.number(14);
  d.expires_us = s.number(15);
  return d;
}

std::vector<deferred_record> read_all(cursor c) {
  std::vector<deferred_record> out;
  while (c.next()) out.push_back(read_deferred(*c.operator->()));
  return out;
}

}  // namespace

embedded::stream_table* tables::find_stream(std::string_view name) {
  if (const auto at = streams_.find(name); at != streams_.end()) return at->second.get();
  auto c = db_->query("SELECT declaration FROM sluice_streams WHERE name=?", name);
  if (!c.next()) return nullptr;
  auto made = std::make_unique<stream>(*db_, stream_from_json(c->text(0)));
  return streams_.emplace(std::string(name), std::move(made)).first->second.get();
}

void tables::add_reject(const engine::reject_row& r) {
  const auto* raw = reinterpret_cast<const std::uint8_t*>(r.what.raw.data());
  db_->run(
      "INSERT INTO sluice_rejects (run_id, tenant, stage, item, page_seq, at_us, ordinal, stream, key, "
      "field, reason, raw) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
      r.run_id, r.tenant, r.stage, r.item, r.page_seq, r.at_us, r.what.ordinal, r.what.stream, r.what.key,
      r.what.field, r.what.reason, blob(raw, r.what.raw.size()));
}

std::int64_t tables::count_rejects(const std::string& run_id) {
  auto c = db_->query("SELECT count(*) FROM sluice_rejects WHERE run_id=?", run_id);
  return c.next() ? c->number(0) : 0;
}

std::vector<engine::reject_row> tables::rejects(const std::string& tenant, const std::string& run_id,
                                                int limit) {
  std::vector<engine::reject_row> out;
  auto c = db_->query(
      "SELECT id, at_us, page_seq, run_id, tenant, stage, item, ordinal, stream, key, field, reason, raw "
      "FROM sluice_rejects WHERE (?1='' OR tenant=?1) AND (?2='' OR run_id=?2) ORDER BY id LIMIT ?3",
      tenant, run_id, limit);
  while (c.next()) {
    const blob raw = c->bytes(12);
    out.push_back({c->number(0),
                   c->number(1),
                   c->number(2),
                   c->string(3),
                   c->string(4),
                   c->string(5),
                   c->string(6),
                   {c->number(7), c->string(8), c->string(9), c->string(10), c->string(11),
                    std::string(reinterpret_cast<const char*>(raw.data()), raw.size())}});
  }
  return out;
}

bool tables::has_deferred(const std::string& tenant, const std::string& stream) {
  return db_->query("SELECT 1 FROM sluice_deferred WHERE tenant=? AND stream=? LIMIT 1", tenant, stream)
      .next();
}

std::optional<deferred_record> tables::find_deferred(const std::string& tenant, const std::string& stream,
                                                     std::string_view key) {
  static const std::string sql =
      "SELECT " + deferred_columns + " FROM sluice_deferred d WHERE tenant=? AND stream=? AND key=?";
  auto c = db_->query(sql.c_str(), tenant, stream, key);
  if (!c.next()) return std::nullopt;
  return read_deferred(*c.operator->());
}

void tables::put_deferred(const deferred_record& d) {
  db_->run(
      "INSERT OR REPLACE INTO sluice_deferred (tenant, stream, key, reference, parent_stream, parent_key, "
      "payload, origin, "
      "run_id, stage, item, page_seq, version, requested_us, first_seen_us, expires_us) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      d.tenant, d.stream, d.key, d.reference, d.parent_stream, d.parent_key, d.payload, d.origin, d.run_id,
      d.stage, d.item, d.page_seq, d.age.version, d.age.read_at_us, d.first_seen_us, d.expires_us);
}

void tables::erase_deferred(const std::string& tenant, const std::string& stream, std::string_view key) {
  db_->run("DELETE FROM sluice_deferred WHERE tenant=? AND stream=? AND key=?", tenant, stream, key);
}

std::vector<deferred_record> tables::deferred(const std::string& tenant, int limit) {
  static const std::string sql = "SELECT " + deferred_columns +
                                 " FROM sluice_deferred d WHERE (?1='' OR tenant=?1) "
                                 "ORDER BY first_seen_us, stream, key LIMIT ?2";
  return read_all(db_->query(sql.c_str(), tenant, limit));
}

std::vector<deferred_record> tables::expired(const std::string& tenant, std::int64_t now_us) {
  static const std::string sql =
      "SELECT " + deferred_columns + " FROM sluice_deferred d WHERE tenant=? AND expires_us<=?";
  return read_all(db_->query(sql.c_str(), tenant, now_us));
}

std::int64_t tables::count_deferred(const std::string& run_id) {
  auto c = db_->query("SELECT count(*) FROM sluice_deferred WHERE run_id=?", run_id);
  return c.next() ? c->number(0) : 0;
}

std::vector<std::string> tables::awaited_streams(const char* sql, const std::string& tenant) {
  std::vector<std::string> out;
  auto c = db_->query(sql, tenant);
  while (c.next()) out.push_back(c->string(0));
  return out;
}

// CROSS JOIN keeps the order: from what waits to its parent, by the parent's key.
statement& tables::waiting_for(const std::string& columns, const std::string& from,
                               const std::string& parent) {
  const std::string name = from + " " + parent;
  if (const auto at = waiting_.find(name); at != waiting_.end()) return at->second;
  const auto& key = find_stream(parent)->schema().key;
  std::string on = "p.tenant_id=d.tenant AND p.deleted_at IS NULL AND p.";
  if (key.size() == 1) {
    on += quoted_name(key[0]) + "=d.parent_key";
  } else {
    on += quoted_name(key[0]) + "=substr(d.parent_key, 1, instr(d.parent_key, char(31)) - 1) AND p." +
          quoted_name(key[1]) + "=substr(d.parent_key, instr(d.parent_key, char(31)) + 1)";
  }
  const std::string sql = "SELECT " + columns + " FROM " + from + " d CROSS JOIN " + quoted_name(parent) +
                          " p ON " + on + " WHERE d.tenant=?1 AND d.parent_stream=?2 LIMIT ?3";
  return waiting_.emplace(name, db_->prepare(sql)).first->second;
}

std::vector<deferred_record> tables::resolvable(const std::string& tenant, int limit) {
  std::vector<deferred_record> out;
  for (const std::string& parent :
       awaited_streams("SELECT DISTINCT parent_stream FROM sluice_deferred WHERE tenant=?", tenant)) {
    const auto left = static_cast<std::int64_t>(limit) - static_cast<std::int64_t>(out.size());
    if (left <= 0) break;
    if (find_stream(parent) == nullptr) continue;  // its plugin has never been loaded
    statement& s = waiting_for(deferred_columns, "sluice_deferred", parent);
    const cursor guard(s);
    s.bind(1, std::string_view(tenant));
    s.bind(2, std::string_view(parent));
    s.bind(3, left);
    while (s.step()) out.push_back(read_deferred(s));
  }
  return out;
}

std::vector<link_record> tables::resolvable_links(const std::string& tenant, int limit) {
  std::vector<link_record> out;
  for (const std::string& parent :
       awaited_streams("SELECT DISTINCT parent_stream FROM sluice_pending_links WHERE tenant=?", tenant)) {
    const auto left = static_cast<std::int64_t>(limit) - static_cast<std::int64_t>(out.size());
    if (left <= 0) break;
    if (find_stream(parent) == nullptr) continue;
    statement& s = waiting_for(link_columns, "sluice_pending_links", parent);
    const cursor guard(s);
    s.bind(1, std::string_view(tenant));
    s.bind(2, std::string_view(parent));
    s.bind(3, left);
    while (s.step())
      out.push_back({s.string(0), s.string(1), s.string(2), s.string(3), s.string(4), s.string(5)});
  }
  return out;
}

bool tables::has_links(const std::string& tenant, const std::string& stream) {
  return db_->query("SELECT 1 FROM sluice_pending_links WHERE tenant=? AND stream=? LIMIT 1", tenant, stream)
      .next();
}

void tables::add_link(const link_record& r) {
  db_->run(
      "INSERT OR REPLACE INTO sluice_pending_links (tenant, stream, key, reference, parent_stream, "
      "parent_key) "
      "VALUES (?,?,?,?,?,?)",
      r.tenant, r.stream, r.key, r.reference, r.parent_stream, r.parent_key);
}

void tables::erase_links(const std::string& tenant, const std::string& stream, std::string_view key) {
  db_->run("DELETE FROM sluice_pending_links WHERE tenant=? AND stream=? AND key=?", tenant, stream, key);
}

void tables::erase_link(const link_record& r) {
  db_->run("DELETE FROM sluice_pending_links WHERE tenant=? AND stream=? AND key=? AND reference=?", r.tenant,
           r.stream, r.key, r.reference);
}

}  // namespace sluice::store::sqlite
