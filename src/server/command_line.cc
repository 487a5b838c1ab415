#include "server/command_line.h"

#include <cstdlib>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include <CLI/CLI.hpp>

namespace nvmeof::server {
namespace {

using Problems = std::vector<std::string>;

std::string Twin(const Flag& flag) {
  return absl::AsciiStrToUpper(absl::StrReplaceAll(flag.name, {{"--", "NVMEOF_"}, {"-", "_"}}));
}

std::string WithoutIt(const Flag& flag) {
  if (!flag.fallback) return "required";
  return flag.fallback->empty() ? "optional" : absl::StrCat("default ", *flag.fallback);
}

std::string Description(const Flag& flag) {
  return absl::StrCat(flag.description, "\n(", WithoutIt(flag), "; environment ", Twin(flag),
                      flag.other_variable.empty() ? "" : ", ", flag.other_variable, ")");
}

// CLI11 splits the command line, reads the twins and prints the help. Values are checked by us: it
// would stop at the first bad one, and would also look at the flags of other subcommands.
void AddFlag(CLI::App& parser, const Flag& flag) {
  CLI::Option* option = flag.bare ? parser.add_flag(flag.name) : parser.add_option(flag.name);
  option->envname(Twin(flag))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->option_text(flag.placeholder.empty() ? " " : flag.placeholder)
      ->description(Description(flag));
  if (flag.repeatable) option->delimiter(',');
}

std::vector<std::string> Values(const CLI::App& parser, const Flag& flag) {
  const std::vector<std::string>& given = parser.get_option(flag.name)->results();
  if (!given.empty()) return given;
  if (!flag.other_variable.empty()) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the header asks for a time without other threads
    const char* value = std::getenv(flag.other_variable.c_str());
    if (value != nullptr && *value != '\0') return {value};
  }
  if (flag.fallback) return {*flag.fallback};
  return {};
}

void StoreValues(const Flag& flag, const std::vector<std::string>& values, Problems& problems) {
  if (values.empty()) problems.push_back(absl::StrCat(flag.name, " is required"));
  if (values.size() > 1 && !flag.repeatable) {
    problems.push_back(absl::StrCat(flag.name, " is given ", values.size(), " times, not once"));
    return;
  }
  for (const std::string& value : values) {
    const absl::Status stored =
        absl::StartsWith(value, "--")
            ? absl::InvalidArgumentError("is another flag where the value should be")
            : flag.store(value);
    if (stored.ok()) continue;
    problems.push_back(
        absl::StrCat(flag.name, " '", value, "': ", absl::string_view(stored.message())));
  }
}

// Everything that CLI11 throws ends here. Afterwards the parser holds what was given, up to the
// problem if there is one.
void Split(CLI::App& parser, std::vector<std::string> arguments, CommandLine& result) {
  const std::string last = arguments.empty() ? "" : arguments.back();
  absl::c_reverse(arguments);  // the order that CLI11 wants
  try {
    parser.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    result.answer = parser.help();
  } catch (const CLI::CallForVersion& version) {
    result.answer = absl::StrCat(version.what(), "\n");
  } catch (const CLI::ArgumentMismatch&) {
    // The arguments ended where a value should be.
    result.problems.push_back(absl::StrCat(last, " needs a value"));
  } catch (const CLI::ParseError& error) {
    result.problems.emplace_back(error.what());
  }
}

std::string Unexpected(const std::string& argument) {
  if (absl::StartsWith(argument, "-")) {
    return absl::StrCat("unknown flag '", argument, "'; --help lists those that are allowed");
  }
  return absl::StrCat("unexpected argument '", argument, "'");
}

std::string NoSubcommand(const Program& program) {
  const auto append_name = [](std::string* out, const Subcommand& subcommand) {
    out->append(subcommand.name);
  };
  return absl::StrCat("a subcommand is needed; it may be ",
                      absl::StrJoin(program.subcommands, ", ", append_name));
}

}  // namespace

CommandLine ParseCommandLine(const Program& program, const std::vector<std::string>& arguments) {
  CLI::App app(program.description, program.name);
  app.set_version_flag("--version", absl::StrCat(program.name, " ", program.version));
  app.require_subcommand(0, 1)->allow_extras();
  for (const Subcommand& subcommand : program.subcommands) {
    CLI::App* parser = app.add_subcommand(subcommand.name, subcommand.description);
    parser->allow_extras();
    for (const Flag& flag : subcommand.flags) AddFlag(*parser, flag);
  }
  // Last, because subcommands take over what is there when they are added.
  app.footer(absl::StrCat(program.name, " SUBCOMMAND --help lists the flags of one."));

  CommandLine result;
  Split(app, arguments, result);
  if (!result.answer.empty()) return result;
  for (const std::string& argument : app.remaining(true)) {
    result.problems.push_back(Unexpected(argument));
  }
  for (const Subcommand& subcommand : program.subcommands) {
    const CLI::App& parser = *app.get_subcommand(subcommand.name);
    if (!parser.parsed()) continue;
    result.subcommand = subcommand.name;
    for (const Flag& flag : subcommand.flags) {
      StoreValues(flag, Values(parser, flag), result.problems);
    }
  }
  if (result.subcommand.empty()) result.problems.push_back(NoSubcommand(program));
  return result;
}

}  // namespace nvmeof::server
