// The server dies, or another process takes over, at the worst moment of a commit.
#include <thread>

#include "store/postgres/connection.hpp"
#include "world.hpp"

namespace sluice::testing {
namespace {

using engine::failure;
using engine::failure_class;

class a_fault : public world {
 protected:
  // Makes the server wait for the lock `gate` in this trigger, which counts as the moment to strike.
  void wait_in(const std::string& trigger) {
    sql("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SET LOCAL lock_timeout = 0; "
        "IF NEW.external_id = 'u01500' THEN PERFORM pg_advisory_xact_lock_shared(42); END IF; RETURN NEW; "
        "END $$; " +
        trigger);
    gate_ = std::make_unique<store::postgres::connection>(dsn_);
    gate_->query("SELECT pg_advisory_lock(42)");
  }

  void wait_until_blocked() {
    while (sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "0")
      std::this_thread::yield();
  }
  void kill_blocked() {
    sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  }

  std::optional<failure> commit_in_thread(engine::commit_request& request,
                                          const std::function<void()>& meanwhile) {
    std::optional<failure> out;
    std::thread worker([&] {
      try {
        session_->commit(request);
      } catch (const failure& f) {
        out = f;
      }
    });
    wait_until_blocked();
    meanwhile();
    worker.join();
    return out;
  }

  std::unique_ptr<store::postgres::connection> gate_;
};

// covers: S1, P2
TEST_F(a_fault, in_the_middle_of_copy_leaves_no_row_and_no_checkpoint) {
  wait_in("CREATE TRIGGER w BEFORE INSERT ON entities FOR EACH ROW EXECUTE FUNCTION wait()");
  auto request = page_of(entity_rows(many(3'000)));
  const auto f = commit_in_thread(request, [&] { kill_blocked(); });
  ASSERT_TRUE(f);
  EXPECT_EQ(f->kind(), failure_class::transient) << f->message();
  EXPECT_EQ(sql("SELECT count(*) FROM entities"), "0");
  EXPECT_EQ(sql("SELECT page_seq FROM sluice.items"), "0");
  gate_.reset();
  EXPECT_EQ(session_->commit(request).pages.at(0).streams.at(0).second.inserted, 3'000)
      << "on a new connection";
}

// covers: S2, P4
TEST_F(a_fault, during_commit_is_in_doubt_and_then_looked_up) {
  wait_in(
      "CREATE CONSTRAINT TRIGGER w AFTER INSERT ON entities DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION wait()");
  auto request = page_of(entity_rows(many(1'600)));
  const auto f = commit_in_thread(request, [&] { kill_blocked(); });
  ASSERT_TRUE(f);
  EXPECT_EQ(f->kind(), failure_class::in_doubt) << f->message();
  EXPECT_FALSE(session_->find_commit(request)) << "it did not happen";
  EXPECT_EQ(sql("SELECT count(*) FROM entities"), "0");
  gate_.reset();
  const auto done = session_->commit(request);
  const auto found = session_->find_commit(request);
  ASSERT_TRUE(found) << "it happened";
  EXPECT_EQ(found->pages.at(0).streams, done.pages.at(0).streams);
}

// covers: P9, H9
TEST_F(a_fault, of_a_holder_that_is_taken_over_while_it_commits_waits_for_it_and_then_fences_it) {
  wait_in(
      "CREATE CONSTRAINT TRIGGER w AFTER INSERT ON entities DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION wait()");
  auto request = page_of(entity_rows(many(1'600)));
  auto other = store_->open_session();
  std::thread taking;
  engine::run_lease taken;
  const auto f = commit_in_thread(request, [&] {
    taking = std::thread([&] {
      engine::run_request mine = request_;
      mine.by = {"host", "boot", 2, 2};
      mine.run_id = "00000000-0000-4000-8000-000000000002";
      taken = other->start_run(mine, [](const engine::holder&) { return true; });
    });
    while (sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1") std::this_thread::yield();
    gate_.reset();
  });
  taking.join();
  EXPECT_FALSE(f) << f->message();
  EXPECT_EQ(taken.result, engine::run_lease::how::took_over);
  EXPECT_EQ(taken.epoch, epoch_ + 1);
  EXPECT_EQ(taken.run_id, request_.run_id);
  ++seq_;
  auto late = page_of(entity_rows(many(1, "late")));
  try {
    session_->commit(late);
    FAIL() << "the old holder wrote on";
  } catch (const failure& refused) {
    EXPECT_EQ(refused.kind(), failure_class::fenced);
    EXPECT_EQ(refused.code(), "SLU-5001");
  }
  const auto attempt = other->begin_stage(request_.run_id, taken.epoch,
                                          {"read", engine::phase::background, false, true, "{}"});
  ASSERT_EQ(attempt.open_items.size(), 1U);
  EXPECT_EQ(attempt.open_items[0].page_seq, 1);
  EXPECT_EQ(attempt.open_items[0].page_state, "1");
}

// covers: S4
TEST_F(a_fault, of_two_that_wait_for_each_other_ends_one_of_them_to_try_again) {
  sql("CREATE TABLE t (k int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)");
  store::postgres::connection one(dsn_), two(dsn_);
  const auto write = [](store::postgres::connection& c, int k) {
    c.execute("SET LOCAL deadlock_timeout = '10ms'; UPDATE t SET v = v + 1 WHERE k = " + std::to_string(k));
  };
  store::postgres::transaction first(one), second(two);
  write(one, 1);
  write(two, 2);
  std::optional<failure> a, b;
  std::thread crossing([&] {
    try {
      write(one, 2);
    } catch (const failure& f) {
      a = f;
    }
  });
  try {
    write(two, 1);
  } catch (const failure& f) {
    b = f;
  }
  crossing.join();
  ASSERT_NE(a.has_value(), b.has_value()) << "one of them goes on";
  const failure& lost = a ? *a : *b;
  EXPECT_EQ(lost.kind(), failure_class::transient);
  EXPECT_EQ(lost.code(), "SLU-5010") << lost.message();
}

// covers: S4
TEST_F(a_fault, of_a_row_that_another_one_has_changed_meanwhile_is_tried_again) {
  sql("CREATE TABLE t (k int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)");
  store::postgres::connection one(dsn_);
  store::postgres::transaction t(one);
  one.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT v FROM t");
  sql("UPDATE t SET v = 1");
  try {
    one.execute("UPDATE t SET v = 2");
    FAIL() << "it has overwritten what it had not seen";
  } catch (const failure& f) {
    EXPECT_EQ(f.code(), "SLU-5010") << f.message();
    EXPECT_EQ(f.kind(), failure_class::transient);
  }
}

// covers: S3, P2
TEST_F(a_fault, of_the_whole_server_keeps_what_was_committed) {
  put(entity_rows(many(3'000)));
  postgres_cluster::shared()->crash();
  EXPECT_GT(session_->now_us(), 0) << "the connection was gone, and found to be";
  EXPECT_EQ(put(entity_rows(many(3'000))).unchanged, 3'000);
}

}  // namespace
}  // namespace sluice::testing
