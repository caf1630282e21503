// Scalars, units, references, suggestions and the text of diagnostics, each alone.
#include <gtest/gtest.h>

#include "manifest/diagnostic.hpp"
#include "manifest/reference.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

TEST(core_schema, knows_its_own_words_and_no_others) {
  for (const char* s : {"true", "True", "TRUE", "false"}) EXPECT_EQ(classify(s), scalar_type::boolean) << s;
  for (const char* s : {"yes", "no", "on", "off", "y", "tRue"})
    EXPECT_EQ(classify(s), scalar_type::text) << s;
  for (const char* s : {"", "~", "null", "Null"}) EXPECT_EQ(classify(s), scalar_type::null) << s;
  for (const char* s : {"0", "-1", "+7", "0o17", "0xFF", "012"})
    EXPECT_EQ(classify(s), scalar_type::integer) << s;
  for (const char* s : {"1.5", ".5", "1.", "1e9", "-1E-3", ".inf", ".nan"})
    EXPECT_EQ(classify(s), scalar_type::real) << s;
  for (const char* s : {"1_000", "0b1", "1:30", "1.2.3", "e5", ".", "2001-01-01"})
    EXPECT_EQ(classify(s), scalar_type::text) << s;
}

TEST(units, are_read_exactly) {
  EXPECT_EQ(parse_duration("200ms"), 200'000);
  EXPECT_EQ(parse_duration("1.5s"), 1'500'000);
  EXPECT_EQ(parse_duration("24h"), 86'400'000'000);
  EXPECT_EQ(parse_duration("0s"), 0);
  EXPECT_DOUBLE_EQ(*parse_ratio("25%"), 0.25);
  EXPECT_DOUBLE_EQ(*parse_ratio("0.5%"), 0.005);
  EXPECT_DOUBLE_EQ(*parse_rate("600/m"), 10);
  EXPECT_EQ(parse_size("64MiB"), 67'108'864);
}

TEST(units, of_other_forms_are_refused) {
  for (const char* s :
       {"3", "3 s", "s", "-3s", "3sec", "1h30m", "3S", "1e3s", "1.s", ".5s", "99999999999999999d", ""}) {
    EXPECT_EQ(parse_duration(s), std::nullopt) << s;
  }
  for (const char* s : {"25", "0.25", "25 %", "%"}) EXPECT_EQ(parse_ratio(s), std::nullopt) << s;
  for (const char* s : {"50", "50/d", "/s"}) EXPECT_EQ(parse_rate(s), std::nullopt) << s;
  for (const char* s : {"64MB", "64", "64mib"}) EXPECT_EQ(parse_size(s), std::nullopt) << s;
  for (const char* s : {"012", "1_000", "0x10", "1.0", "9223372036854775808", "- 1", ""})
    EXPECT_EQ(parse_integer(s), std::nullopt) << s;
}

TEST(durations, are_written_as_people_write_them) {
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(1'500), "1500us");
  EXPECT_EQ(format_duration(90'000'000), "90s");
  EXPECT_EQ(format_duration(7'200'000'000), "2h");
}

TEST(references, are_found_and_written_back) {
  for (const char* s : {"${env:A}", "a${env:A:-x y}b", "${secret:env:A}", "${secret:file:/run/x}",
                        "${tenant}/${tenant.vars.x}", "${tenant.secrets.x}", "${subject}", "${parent.id}",
                        "${k}", "$${x}", "$", "{}", "$$ {"}) {
    const scanned_text t = scan_references(s);
    EXPECT_EQ(t.error, "") << s;
    std::string back;
    for (const text_part& p : t.parts) back += write_part(p);
    EXPECT_EQ(back, s);
  }
}

TEST(references, of_no_known_form_are_refused) {
  for (const char* s : {"${}", "${env:}", "${env:1A}", "${tenant.id}", "${tenant.vars.}", "${secret:A}",
                        "${secret:file:}", "${Parent}", "${env:A", "${PATH}", "${ tenant }"}) {
    EXPECT_NE(scan_references(s).error, "") << s;
  }
}

TEST(a_default, may_be_empty_and_may_hold_anything_but_a_brace) {
  EXPECT_EQ(scan_references("${env:A:-}").parts.at(0).fallback, "");
  EXPECT_EQ(scan_references("${env:A:-a:-b}").parts.at(0).fallback, "a:-b");
  EXPECT_EQ(scan_references("${env:A}").parts.at(0).fallback, std::nullopt);
}

TEST(suggestions, are_near_or_not_given) {
  EXPECT_EQ(nearest("dead_line", {"deadline", "sync"}), "did you mean `deadline`?");
  EXPECT_EQ(nearest("bakcends", {"backends", "domains"}), "did you mean `backends`?");
  EXPECT_EQ(nearest("foo", {"backends", "sync"}), "");
  EXPECT_EQ(suggestion("foo", {"b", "a"}, "keys"), "known keys: `a`, `b`");
  EXPECT_EQ(suggestion("foo", {}, "keys"), "there are no keys");
}

TEST(utf8, is_checked_to_the_letter) {
  for (const char* s : {"", "abc", "é", "汉字", "\U0001F98A", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(first_invalid_utf8(s), std::string::npos);
  for (const char* s :
       {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    EXPECT_EQ(first_invalid_utf8(s), 0U);
  }
  EXPECT_EQ(first_invalid_utf8("ab\xE9z"), 2U);
  EXPECT_EQ(count_characters("ünï汉"), 4);
}

TEST(pointers, are_those_of_rfc_6901) {
  for (const char* s : {"", "/", "/a/b", "/a~1b", "/~0", "/ "}) EXPECT_TRUE(is_json_pointer(s)) << s;
  for (const char* s : {"a", "#/a", "/~", "/~2", "/a~"}) EXPECT_FALSE(is_json_pointer(s)) << s;
}

TEST(diagnostics_as_json, have_all_that_a_tool_needs) {
  diagnostic d;
  d.code = "SLU-1013";
  d.at = {"a.yaml", 3, 5, 3, 9};
  d.path = "x.y";
  d.message = "m";
  d.help = {"h"};
  d.related = {{{"a.yaml", 1, 1, 1, 2}, "first here", "line"}};
  EXPECT_EQ(render_json({d}), R"([
  {
    "code": "SLU-1013",
    "column": 5,
    "end_column": 9,
    "end_line": 3,
    "file": "a.yaml",
    "help": [
      "h"
    ],
    "line": 3,
    "message": "m",
    "path": "x.y",
    "related": [
      {
        "column": 1,
        "end_column": 2,
        "end_line": 1,
        "file": "a.yaml",
        "line": 1,
        "message": "first here"
      }
    ],
    "severity": "error"
  }
])");
}

}  // namespace
}  // namespace sluice::manifest
