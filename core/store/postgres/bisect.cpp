// Which rows of a batch does the server refuse, and for which value?
#include "store/postgres/stream_writer.hpp"

namespace sluice::store::postgres {

// Finds the rows that the server refuses. The transaction is done again without them.
void stream_writer::bisect(sink how, const decision* from, std::size_t count) {
  context_.db.execute("SAVEPOINT part");
  try {
    (this->*how)(from, count);
    context_.db.execute("RELEASE part");
    return;
  } catch (const sql_failure& f) {
    if (!f.bad_value()) throw;
    context_.db.execute("ROLLBACK TO part; RELEASE part");
    if (count == 1) return blame(*from, f.detail());
  }
  bisect(how, from, count / 2);
  bisect(how, from + count / 2, count - count / 2);
}

// Which of the row's values was it?
void stream_writer::blame(const decision& d, const std::string& reason) {
  std::string field;
  for (const written_column& c : table_.columns) {
    if (c.from != value_source::cell) continue;
    array_builder one(c.element);
    if (append(one.bytes(), c, d)) continue;
    one.added();
    context_.db.execute("SAVEPOINT part");
    try {
      context_.db.query_once("SELECT ($1::" + c.sql_type + "[])[1]", {one.finish()});
    } catch (const sql_failure& f) {
      if (!f.bad_value()) throw;
      field = c.name;
    }
    context_.db.execute("ROLLBACK TO part; RELEASE part");
    if (!field.empty()) break;
  }
  context_.refused->insert_or_assign({rows_.schema->name, std::string(row(d).key)}, std::pair(field, reason));
}

}  // namespace sluice::store::postgres
