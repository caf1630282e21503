#include "store/postgres_backend.hpp"

#include <nlohmann/json.hpp>

#include "store/schema.hpp"
#include "support/postgres_fixture.hpp"

namespace sluice::testing {

namespace {

std::string expression(const store::stored_column& c) {
  const std::string name = "\"" + c.name + "\"";
  if (c.name == "deleted_at") return "(deleted_at IS NOT NULL)::text AS deleted";
  switch (c.type) {
    case store::stored_type::timestamp:
      return "(extract(epoch FROM " + name + ") * 1000000)::bigint::text AS " + name;
    case store::stored_type::date: return "(" + name + " - date '1970-01-01')::text AS " + name;
    default: return name + "::text AS " + name;
  }
}

class postgres_under_test final : public store_under_test {
 public:
  postgres_under_test()
      : dsn_(postgres_cluster::shared()->new_database()),
        store_(store::open_store({"postgres", {}, dsn_, 2, "public", false})) {}
  store::store& get() override { return *store_; }
  stored_values_list rows(const stream_schema& stream) override {
    const auto shape = store::shape_of(stream);
    std::string columns, order;
    for (const auto& c : shape.columns) columns += (columns.empty() ? "" : ", ") + expression(c);
    for (const auto& k : shape.unique)
      order += (order.empty() ? "" : ", ") + ("t.\"" + k + "\" COLLATE \"C\"");
    const std::string text = postgres_cluster::query(
        dsn_, "SELECT coalesce(json_agg(row_to_json(x)), '[]')::text FROM (SELECT " + columns +
                  " FROM public.\"" + stream.name + "\" t ORDER BY " + order + ") x");
    stored_values_list out;
    for (const auto& row : nlohmann::json::parse(text)) {
      auto& values = out.emplace_back();
      for (const auto& [name, value] : row.items()) {
        if (!value.is_null()) values[name] = value.get<std::string>();
      }
    }
    return out;
  }
  void forget_counts(const std::string& run) override {
    postgres_cluster::query(
        dsn_,
        "UPDATE sluice.ledger SET inserted=0, updated=0, unchanged=0 WHERE run_id='" + run + "' RETURNING 1");
  }
  void turn_clock_back(std::int64_t us) override {
    const std::string by = std::to_string(us);
    postgres_cluster::query(dsn_, "UPDATE sluice.runs SET created_us = created_us + " + by +
                                      ", ended_us = CASE ended_us WHEN 0 THEN 0 ELSE ended_us + " + by +
                                      " END; UPDATE sluice.leases SET expires_us = expires_us + " + by +
                                      "; UPDATE sluice.pages SET at_us = at_us + " + by +
                                      "; UPDATE entities SET read_at = read_at + interval '1 second' * (" +
                                      by + " / 1000000)");
  }

 private:
  std::string dsn_;
  std::unique_ptr<store::store> store_;
};

}  // namespace

backend postgres_backend() {
  if (postgres_cluster::shared() == nullptr)
    return {"postgres", {}, "no PostgreSQL server is installed here"};
  return {"postgres", [] { return std::make_unique<postgres_under_test>(); }, {}};
}

}  // namespace sluice::testing
