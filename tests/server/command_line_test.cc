#include "server/command_line.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nvmeof::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CommandLineTest : public ::testing::Test {
 protected:
  ~CommandLineTest() override {
    for (const char* name : {"NVMEOF_COLOR", "NVMEOF_SIZE", "NVMEOF_TAG", "OTHER_COLOR"}) {
      ::unsetenv(name);
    }
  }

  static Store Collect(std::vector<std::string>& values) {
    return [&values](const std::string& text) {
      if (text == "bad") return absl::InvalidArgumentError("must be good");
      values.push_back(text);
      return absl::OkStatus();
    };
  }

  CommandLine Parse(const std::vector<std::string>& arguments) {
    const Program program = {
        "paint",
        "1.2.3",
        "Paints things",
        {{"wall",
          "Paints a wall",
          {{.name = "--color",
            .placeholder = "NAME",
            .description = "which color",
            .fallback = "white",
            .other_variable = "OTHER_COLOR",
            .store = Collect(color_)},
           {.name = "--size", .description = "how large", .store = Collect(size_)}}},
         {"door",
          "Paints a door",
          {{.name = "--tag",
            .description = "a tag",
            .fallback = "none",
            .repeatable = true,
            .store = Collect(tag_)},
           {.name = "--wet",
            .description = "leave it wet",
            .fallback = "false",
            .bare = true,
            .store = Collect(wet_)}}}}};
    return ParseCommandLine(program, arguments);
  }

  std::vector<std::string> color_;
  std::vector<std::string> size_;
  std::vector<std::string> tag_;
  std::vector<std::string> wet_;
};

TEST_F(CommandLineTest, StoresWhatIsGivenAndTheFallbackOfTheRest) {
  const CommandLine line = Parse({"wall", "--size", "3"});
  EXPECT_THAT(line.problems, IsEmpty());
  EXPECT_EQ(line.subcommand, "wall");
  EXPECT_THAT(size_, ElementsAre("3"));
  EXPECT_THAT(color_, ElementsAre("white"));
}

TEST_F(CommandLineTest, StoresNothingOfOtherSubcommands) {
  ::setenv("NVMEOF_TAG", "bad", 1);
  EXPECT_THAT(Parse({"wall", "--size=3"}).problems, IsEmpty());
  EXPECT_THAT(tag_, IsEmpty());
}

TEST_F(CommandLineTest, PrefersTheFlagThenItsTwinThenTheOtherVariable) {
  ::setenv("OTHER_COLOR", "other", 1);
  Parse({"wall", "--size=3"});
  ::setenv("NVMEOF_COLOR", "twin", 1);
  Parse({"wall", "--size=3"});
  Parse({"wall", "--size=3", "--color=flag"});
  EXPECT_THAT(color_, ElementsAre("other", "twin", "flag"));
}

TEST_F(CommandLineTest, TakesRepeatedValuesAlsoWithCommas) {
  Parse({"door", "--tag", "a", "--tag", "b,c"});
  ::setenv("NVMEOF_TAG", "d,e", 1);
  Parse({"door"});
  EXPECT_THAT(tag_, ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(CommandLineTest, TakesABareFlagWithAndWithoutAValue) {
  Parse({"door", "--wet"});
  Parse({"door", "--wet=false"});
  Parse({"door"});
  EXPECT_THAT(wet_, ElementsAre("true", "false", "false"));
}

TEST_F(CommandLineTest, TellsAllProblemsAtOnce) {
  EXPECT_THAT(Parse({"wall", "--color", "bad", "--colour", "red"}).problems,
              ElementsAre("unknown flag '--colour'; --help lists those that are allowed",
                          "unexpected argument 'red'", "--color 'bad': must be good",
                          "--size is required"));
}

TEST_F(CommandLineTest, RefusesAFlagThatIsGivenTwice) {
  EXPECT_THAT(Parse({"wall", "--size=1", "--size=2"}).problems,
              ElementsAre("--size is given 2 times, not once"));
}

TEST_F(CommandLineTest, RefusesAFlagWithoutItsValue) {
  EXPECT_THAT(Parse({"door", "--tag"}).problems, ElementsAre("--tag needs a value"));
  EXPECT_THAT(Parse({"door", "--tag", "--wet"}).problems,
              ElementsAre("--tag '--wet': is another flag where the value should be"));
}

TEST_F(CommandLineTest, NamesTheSubcommandsWhenNoneIsGiven) {
  EXPECT_THAT(Parse({}).problems, ElementsAre("a subcommand is needed; it may be wall, door"));
  EXPECT_THAT(
      Parse({"roof"}).problems,
      ElementsAre("unexpected argument 'roof'", "a subcommand is needed; it may be wall, door"));
}

TEST_F(CommandLineTest, AnswersVersionAndHelpWhateverElseIsWrong) {
  EXPECT_EQ(Parse({"--version"}).answer, "paint 1.2.3\n");
  EXPECT_THAT(Parse({"wall", "--color", "bad", "--help"}).answer,
              ::testing::StartsWith("Paints a wall\nUsage: paint wall [OPTIONS]\n"));
}

TEST_F(CommandLineTest, HelpShowsEachFlagWithItsDefaultAndItsTwin) {
  EXPECT_EQ(Parse({"wall", "--help"}).answer,
            R"(Paints a wall
Usage: paint wall [OPTIONS]

Options:
  -h,--help                   Print this help message and exit
  --color NAME                which color
                              (default white; environment NVMEOF_COLOR, OTHER_COLOR)
  --size                      how large
                              (required; environment NVMEOF_SIZE)

)");
}

}  // namespace
}  // namespace nvmeof::server
