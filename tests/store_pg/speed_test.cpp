// How fast a first and an unchanged sync are, against the COPY of the same rows into the same kind of
// table in the same program. Prints the ratios; fails only when they are far from what they should be.
#include <chrono>
#include <iostream>

#include "store/postgres/connection.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/tables.hpp"
#include "world.hpp"

namespace sluice::testing {
namespace {

class a_speed : public world {
 protected:
  static constexpr int batch = 20'000, batches = 5;

  static double seconds(const std::function<void()>& work) {
    const auto from = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  }

  // The floor: the rows that sluice wrote, copied into a twin of their table, a transaction a batch.
  double plain_copy() {
    sql("CREATE TABLE public.twin (LIKE entities INCLUDING ALL)");
    const store::postgres::stream_table t = store::postgres::table_of("public", entities());
    store::postgres::connection c(dsn_);
    std::vector<std::string> bodies;
    for (int i = 0; i < batches; ++i) bodies.push_back(body_of(i, t.columns.size()));
    std::string copy = t.copy;
    copy.replace(copy.find("\"entities\""), 10, "\"twin\"");
    return seconds([&] {
      for (const std::string& body : bodies) {
        store::postgres::transaction tx(c);
        c.copy(copy, body);
        tx.commit();
      }
    });
  }

  static std::string body_of(int number, std::size_t columns) {
    using namespace store::postgres;
    tuple_builder b(columns);
    for (const entity& e : many(batch, "n", number * batch)) {
      b.begin();
      std::string& out = b.bytes();
      append_text(out, "acme"), append_text(out, e.kind), append_text(out, e.id), append_text(out, e.name);
      batch_builder cells({{"a", column_type::decimal, false, {}}, {"j", column_type::json, false, {}}});
      cells.text(0, e.amount), cells.text(1, e.json), cells.next_row();
      const array_handle row = cells.finish();
      const batch_view view(row.get());
      (void)append_cell(out, view[0], column_type::decimal, 0);
      (void)append_cell(out, view[1], column_type::json, 0);
      append_null(out), append_null(out), append_null(out), append_hash(out, {}), append_int8(out, 1);
      append_instant(out, 0), append_instant(out, 0), append_hash(out, {});
    }
    return b.finish();
  }

  double sync(std::vector<engine::commit_request>& requests) {
    return seconds([&] {
      for (engine::commit_request& r : requests) session_->commit(r);
    });
  }

  std::vector<engine::commit_request> requests() {
    std::vector<engine::commit_request> out;
    for (int i = 0; i < batches; ++i, ++seq_)
      out.push_back(page_of(entity_rows(many(batch, "n", i * batch))));
    return out;
  }
};

TEST_F(a_speed, of_new_rows_is_near_copy_and_of_unchanged_ones_far_above) {
  auto first = requests(), again = requests();
  const double fresh = sync(first), same = sync(again), floor = plain_copy();
  constexpr double rows = batch * batches;
  std::cout << "rows/s: plain COPY " << static_cast<long>(rows / floor) << ", new "
            << static_cast<long>(rows / fresh) << " (" << floor / fresh << " of COPY), unchanged "
            << static_cast<long>(rows / same) << " (" << floor / same << " of COPY)\n";
  EXPECT_EQ(sql("SELECT count(*) FROM entities"), "100000");
  EXPECT_LT(fresh, 20 * floor) << "a plan gone wrong is a hundred times slower, not twenty";
  EXPECT_LT(same, 10 * floor);
}

}  // namespace
}  // namespace sluice::testing
