// Values come back as they went in: digit for digit, byte for byte, the same instant.
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "store/harness.hpp"

namespace sluice::testing {

// covers: P5
TEST_P(conformance, decimals_come_back_digit_for_digit) {
  const std::vector<std::string> values = {"0",
                                           "12.50",
                                           "0.10",
                                           "-0.000000000000000000001",
                                           "100",
                                           "1.2300",
                                           "-7",
                                           "9007199254740993",
                                           "123456789012345678901234567890.123456789012345678901234567890"};
  std::vector<cells> given;
  for (std::size_t i = 0; i < values.size(); ++i)
    given.push_back(user("u" + std::to_string(i), "n", {{"balance", values[i]}}));
  EXPECT_EQ(put("entities", given).inserted, static_cast<std::int64_t>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(row("entities", "u" + std::to_string(i)).at("balance"), values[i]);
}

// covers: P5
TEST_P(conformance, texts_come_back_byte_for_byte) {
  const std::vector<std::string> values = {"",
                                           " lead and trail ",
                                           "O'Brien \"x\" \\n \n\t\r",
                                           "\\N",
                                           "\\.",
                                           "NULL",
                                           "null",
                                           "Zürich",
                                           "e\xCC\x81 is not \xC3\xA9",
                                           "\xF0\x9F\x92\xA7",
                                           "{a,b}",
                                           "\x01\x1f\x7f",
                                           "\xEF\xBB\xBFmark",
                                           std::string(100'000, 'x')};
  std::vector<cells> given;
  for (std::size_t i = 0; i < values.size(); ++i) given.push_back(user("u" + std::to_string(i), values[i]));
  EXPECT_EQ(put("entities", given).inserted, static_cast<std::int64_t>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(row("entities", "u" + std::to_string(i)).at("name"), values[i]);
}

// covers: P5, U22
TEST_P(conformance, keys_come_back_byte_for_byte_and_do_not_fold) {
  EXPECT_EQ(
      put("entities", {user("a"), user("A"), user("a "), user("\xC3\xA4"), user("a/b%c\t|"), user("\\x")})
          .inserted,
      6);
  EXPECT_EQ(rows("entities").size(), 6U);
  EXPECT_EQ(row("entities", "a/b%c\t|").at("kind"), "user");
  EXPECT_EQ(
      put("entities", {user("a"), user("A"), user("a "), user("\xC3\xA4"), user("a/b%c\t|"), user("\\x")})
          .unchanged,
      6);
}

// covers: P5
TEST_P(conformance, integers_keep_all_their_bits) {
  for (const char* v : {"0", "-1", "9223372036854775807", "-9223372036854775808", "9007199254740993"}) {
    put("entities", {user("u", "n", {{"score", v}})});
    EXPECT_EQ(row("entities", "u").at("score"), v);
  }
}

// covers: P5
TEST_P(conformance, floats_keep_all_their_bits) {
  for (const char* v : {"0.1", "1e300", "-2.5e-308", "3", "1.7976931348623157e308", "5e-324"}) {
    put("entities", {user("u", "n", {{"ratio", v}})});
    EXPECT_EQ(std::strtod(row("entities", "u").at("ratio").c_str(), nullptr), std::strtod(v, nullptr)) << v;
  }
}

// covers: P5
TEST_P(conformance, instants_keep_their_microseconds) {
  for (const char* v :
       {"0", "-1", "1700000000000001", "-62135596800000000", "253402300799999999", "951782400000000"}) {
    put("entities", {user("u", "n", {{"seen", v}})});
    EXPECT_EQ(row("entities", "u").at("seen"), v);
  }
}

// covers: P5
TEST_P(conformance, dates_come_back_as_the_same_day) {
  for (const char* v : {"0", "-1", "11016", "-719162", "2932896"}) {
    put("entities", {user("u", "n", {{"born", v}})});
    EXPECT_EQ(row("entities", "u").at("born"), v);
  }
}

// covers: P5
TEST_P(conformance, json_comes_back_with_the_same_meaning_and_all_digits) {
  const std::string text = R"({"a":[1,2.50,{"b":null}],"big":12345678901234567890123,"s":"x\"y\\z é"})";
  put("entities", {user("u1", "n", {{"extra", text}, {"attributes", R"({"k":"v"})"}})});
  const auto stored = row("entities", "u1");
  EXPECT_EQ(nlohmann::json::parse(stored.at("extra")), nlohmann::json::parse(text));
  EXPECT_NE(stored.at("extra").find("12345678901234567890123"), std::string::npos);
  EXPECT_NE(stored.at("extra").find("2.50"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(stored.at("attributes")), nlohmann::json::parse(R"({"k":"v"})"));
}

// covers: P5
TEST_P(conformance, null_false_zero_and_empty_are_four_things) {
  put("entities",
      {user("u1", "", {{"active", "false"}, {"score", "0"}}), {{"kind", "user"}, {"external_id", "u2"}}});
  const auto a = row("entities", "u1"), b = row("entities", "u2");
  EXPECT_EQ(a.at("name"), "");
  EXPECT_EQ(a.at("active"), "false");
  EXPECT_EQ(a.at("score"), "0");
  for (const char* column :
       {"name", "active", "score", "ratio", "balance", "extra", "born", "seen", "source_version"}) {
    EXPECT_FALSE(b.contains(column)) << column;
  }
  EXPECT_EQ(put("entities", {user("u1", "", {{"active", "false"}})}).updated, 1);
  EXPECT_FALSE(row("entities", "u1").contains("score")) << "an update takes values away too";
}

// covers: P5, U9
TEST_P(conformance, a_text_with_a_nul_is_rejected_alone_and_visibly) {
  const auto c = put("entities", {user("u1"), user("u2", std::string("a\0b", 3)), user("u3")});
  EXPECT_EQ(c.inserted, 2);
  EXPECT_EQ(c.rejected, 1);
  const auto r = session().list_rejects("acme", run_id(1), 10).at(0);
  EXPECT_EQ(r.what.field, "name");
  EXPECT_NE(r.what.reason.find("NUL"), std::string::npos);
}

// covers: P5, U8
TEST_P(conformance, a_text_that_is_not_utf8_is_rejected_alone_and_visibly) {
  EXPECT_EQ(put("entities", {user("u1", "\xff\xfe"), user("u2", "\xed\xa0\x80"), user("u3")}).rejected, 2);
  EXPECT_EQ(rows("entities").size(), 1U);
  EXPECT_EQ(session().list_rejects("acme", run_id(1), 10).size(), 2U);
}

TEST_P(conformance, values_of_a_deferred_row_are_exact_too) {
  const std::string amount = "123456789012345678901234567890.10";
  put("credits", {{{"external_id", "c\"1\\"},
                   {"amount", amount},
                   {"entity.kind", "user"},
                   {"entity.external_id", "u'1"},
                   {"source_version", "9007199254740993"}}});
  put("entities", {user("u'1")});
  EXPECT_EQ(resolve_all(), 1);
  const auto stored = row("credits", "c\"1\\");
  EXPECT_EQ(stored.at("amount"), amount);
  EXPECT_EQ(stored.at("source_version"), "9007199254740993");
  EXPECT_EQ(put("credits", {{{"external_id", "c\"1\\"},
                             {"amount", amount},
                             {"entity.kind", "user"},
                             {"entity.external_id", "u'1"},
                             {"source_version", "9007199254740993"}}})
                .unchanged,
            1)
      << "its hash is that of the row as it was read";
}

// So many that a store may write them in bulk, and look at them only on the way.
// covers: U17
TEST_P(conformance, what_can_not_be_stored_is_refused_alone_in_a_large_batch_too) {
  stream_schema many;
  many.name = "many";
  many.columns = {{"external_id", column_type::text, true, {}},
                  {"label", column_type::text, false, {}},
                  {"amount", column_type::decimal, false, {}}};
  many.key = {"external_id"};
  store().ensure_streams("many", "1.0.0", {many});
  std::vector<cells> given;
  for (int n = 10'000; n < 13'000; ++n)
    given.push_back({{"external_id", std::to_string(n)}, {"label", "x"}, {"amount", "1.50"}});
  given[7]["label"] = std::string("a\0b", 3);
  given[2'500]["label"] = std::string("\0", 1);
  for (const int round : {1, 2}) {
    if (round == 2) given[11]["label"] = "broken \xFF", given[11]["external_id"] = "20000";
    std::vector<engine::stream_rows> streams;
    streams.push_back(make_rows(many, given));
    const auto counts = counts_of(commit(next_page(make_page(std::move(streams)))), 0, "many");
    EXPECT_EQ(counts.rejected, round == 1 ? 2 : 3);
    EXPECT_EQ(counts.inserted, round == 1 ? 2'998 : 0);
    EXPECT_EQ(counts.unchanged, round == 1 ? 0 : 2'997);
    EXPECT_TRUE(counts.balances());
  }
  EXPECT_EQ(under_->rows(many).size(), 2'998U);
  const auto rejects = session().list_rejects("acme", run_id(1), 10);
  ASSERT_EQ(rejects.size(), 5U);
  for (const auto& r : rejects) {
    EXPECT_EQ(r.what.field, "label");
    const bool nul = r.what.key != "20000";
    EXPECT_NE(r.what.reason.find(nul ? "NUL" : "UTF-8"), std::string::npos) << r.what.reason;
  }
}

// The first bulk write already holds what only the server finds.
TEST_P(conformance, broken_text_is_refused_alone_in_a_first_large_batch) {
  stream_schema many;
  many.name = "many";
  many.columns = {{"external_id", column_type::text, true, {}}, {"label", column_type::text, false, {}}};
  many.key = {"external_id"};
  store().ensure_streams("many", "1.0.0", {many});
  std::vector<cells> given;
  for (int n = 10'000; n < 13'000; ++n) given.push_back({{"external_id", std::to_string(n)}, {"label", "x"}});
  given[1'234]["label"] = "broken \xFF";
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(many, given));
  const auto counts = counts_of(commit(next_page(make_page(std::move(streams)))), 0, "many");
  EXPECT_EQ(counts.rejected, 1);
  EXPECT_EQ(counts.inserted, 2'999);
  const auto rejects = session().list_rejects("acme", run_id(1), 10);
  ASSERT_EQ(rejects.size(), 1U);
  EXPECT_EQ(rejects[0].what.key, "11234");
  EXPECT_NE(rejects[0].what.reason.find("UTF-8"), std::string::npos) << rejects[0].what.reason;
}

}  // namespace sluice::testing
