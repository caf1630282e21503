#include <gmock/gmock.h>

#include <sluice/template.hpp>

namespace {

using sluice::encoding;
using sluice::text_template;

const sluice::vars values(
    {{"tenant", "acme"}, {"id", "r 3/ü%?#"}, {"dots", ".."}, {"dot", "."}, {"none", ""}});

template <class Fn>
std::string refusal(Fn&& fn) {
  try {
    fn();
  } catch (const sluice::failure& f) {
    return f.code() + " " + f.message();
  }
  return "accepted";
}

TEST(template_text, keeps_itself_and_takes_values_as_they_are) {
  EXPECT_EQ(text_template("/x/${tenant}?q=${id}").expand(values), "/x/acme?q=r 3/ü%?#");
  EXPECT_EQ(text_template("").expand(values), "");
  EXPECT_EQ(text_template("$ {} }{ $x").expand(values), "$ {} }{ $x");
  EXPECT_EQ(text_template("$${tenant} ${tenant}").expand(values), "${tenant} acme");
}

// covers: P24
TEST(template_text, makes_one_segment_of_whatever_a_value_holds) {
  EXPECT_EQ(text_template("/roles/${id}/members").expand(values, encoding::segment),
            "/roles/r%203%2F%C3%BC%25%3F%23/members");
  EXPECT_EQ(sluice::percent_encoded("AZaz09-._~"), "AZaz09-._~");
}

// covers: P24
TEST(template_text, refuses_a_segment_that_would_be_another_path) {
  EXPECT_EQ(refusal([] { return text_template("/users/${dots}").expand(values, encoding::segment); }),
            "SLU-3904 `/users/${dots}`: the value of `${dots}` is `..`, which would ask for another path");
  for (const char* path : {"/users/${dot}/x", "${none}/x", "/users/${none}?q=1"}) {
    EXPECT_THAT(refusal([&] { return text_template(path).expand(values, encoding::segment); }),
                testing::StartsWith("SLU-3904"));
  }
  EXPECT_EQ(text_template("/v${dot}x/file${none}").expand(values, encoding::segment), "/v.x/file");
  EXPECT_EQ(text_template("a=${dots}").expand(values, encoding::query), "a=..");
}

TEST(template_text, names_the_variable_that_is_missing) {
  EXPECT_EQ(refusal([] { return text_template("/u/${subject}").expand(values); }),
            "SLU-3901 `/u/${subject}` needs `${subject}`, which has no value here");
}

TEST(template_text, says_where_it_is_broken) {
  EXPECT_EQ(refusal([] { text_template("/u/${x"); }),
            "SLU-3902 `/u/${x`: the `${` at character 4 has no `}`; write `$${` for a plain `${`");
  EXPECT_EQ(refusal([] { text_template("${}"); }),
            "SLU-3902 `${}`: the `${` at character 1 names nothing; write `$${` for a plain `${`");
}

TEST(template_text, lists_what_it_needs) {
  EXPECT_THAT(text_template("/${tenant}/${parent.id}").names(), testing::ElementsAre("tenant", "parent.id"));
}

}  // namespace
