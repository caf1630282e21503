// The stores that need no server.
#include <cstdio>

#include "store/harness.hpp"
#include "store/postgres_backend.hpp"
#include "store/schema.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/instants.hpp"
#include "store/sqlite/stream.hpp"
#include "store/temp_folder.hpp"
#include "support/memory_store.hpp"

namespace sluice::testing {

namespace {

class memory_under_test final : public store_under_test {
 public:
  store::store& get() override { return store_; }
  stored_values_list rows(const stream_schema& stream) override { return store_.rows_of(stream.name); }
  void forget_counts(const std::string& run) override { store_.forget_counts(run); }
  void turn_clock_back(std::int64_t us) override { store_.turn_clock_back(us); }

 private:
  memory_store store_;
};

void read_cell(stored_values& out, const store::sqlite::statement& s, int at, const store::stored_column& c) {
  if (c.name == "deleted_at") {
    out["deleted"] = s.is_null(at) ? "false" : "true";
    return;
  }
  if (s.is_null(at)) return;
  switch (c.type) {
    case store::stored_type::boolean: out[c.name] = s.number(at) != 0 ? "true" : "false"; break;
    case store::stored_type::date: out[c.name] = std::to_string(store::sqlite::date_days(s.text(at))); break;
    case store::stored_type::timestamp:
      out[c.name] = std::to_string(store::sqlite::instant_us(s.text(at)));
      break;
    case store::stored_type::float64: {
      char text[40];
      std::snprintf(text, sizeof text, "%.17g", s.real(at));
      out[c.name] = text;
      break;
    }
    case store::stored_type::hash: {
      const auto bytes = s.bytes(at);
      out[c.name] = std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      break;
    }
    default: out[c.name] = s.string(at); break;
  }
}

class sqlite_under_test final : public store_under_test {
 public:
  sqlite_under_test() : store_(store::open_store(options())) {}
  store::store& get() override { return *store_; }
  stored_values_list rows(const stream_schema& stream) override {
    const auto shape = store::shape_of(stream);
    std::string sql = "SELECT ";
    for (const auto& c : shape.columns)
      sql += (c.name == "id" ? "" : ", ") + store::sqlite::quoted_name(c.name);
    sql += " FROM " + store::sqlite::quoted_name(stream.name) + " ORDER BY";
    for (std::size_t i = 0; i < shape.unique.size(); ++i) sql += (i == 0 ? " " : ", ") + shape.unique[i];
    store::sqlite::database db(path(), store::sqlite::access::read_only);
    auto s = db.prepare(sql);
    stored_values_list out;
    while (s.step()) {
      auto& values = out.emplace_back();
      for (std::size_t i = 0; i < shape.columns.size(); ++i)
        read_cell(values, s, static_cast<int>(i), shape.columns[i]);
    }
    return out;
  }
  void forget_counts(const std::string& run) override {
    store::sqlite::database db(path(), store::sqlite::access::read_write);
    db.run("UPDATE sluice_ledger SET inserted=0, updated=0, unchanged=0 WHERE run_id=?", run);
  }
  void turn_clock_back(std::int64_t us) override {
    store::sqlite::database db(path(), store::sqlite::access::read_write);
    db.run("UPDATE sluice_runs SET created_us=created_us+?1, ended_us=iif(ended_us=0, 0, ended_us+?1)", us);
    db.run("UPDATE sluice_leases SET expires_us=expires_us+?1", us);
    db.run("UPDATE sluice_pages SET at_us=at_us+?1", us);
    db.execute("UPDATE entities SET read_at=strftime('%Y-%m-%dT%H:%M:%S', read_at, '" +
               std::string(us < 0 ? "" : "+") + std::to_string(us / 1'000'000) + " seconds') || '.000000Z'");
  }

 private:
  [[nodiscard]] std::string path() const { return folder_.path() / "sluice.db"; }
  [[nodiscard]] store::store_options options() const { return {"sqlite", path(), {}, 1, {}, false}; }

  temp_folder folder_;
  std::unique_ptr<store::store> store_;
};

}  // namespace

const std::vector<backend>& backends() {
  static const std::vector<backend> all = {
      {"memory", [] { return std::make_unique<memory_under_test>(); }, {}},
      {"sqlite", [] { return std::make_unique<sqlite_under_test>(); }, {}},
      postgres_backend(),
  };
  return all;
}

}  // namespace sluice::testing
