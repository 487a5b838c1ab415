// CommandLine: a program's subcommands and flags, their help, and what was asked for.
//
// Values come from the flag, else from its environment twin (NVMEOF_ and the flag in upper case
// with underscores), else from its fallback. All problems of a command line are told at once and in
// one form: the flag, the value, what is allowed. CLI11 is behind it, in command_line.cc only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/flag_values.h"

namespace nvmeof::server {

struct Flag {
  std::string name;  // "--log-level"
  std::string placeholder = {};
  std::string description;
  std::optional<std::string> fallback = std::nullopt;  // none: it is required; "": it is optional
  std::string other_variable = {};                     // asked after the twin
  bool repeatable = false;                             // or separated by commas
  bool bare = false;  // may stand without a value, which then is "true"
  Store store;
};

struct Subcommand {
  std::string name;
  std::string description;
  std::vector<Flag> flags;
};

struct Program {
  std::string name;
  std::string version;
  std::string description;
  std::vector<Subcommand> subcommands;
};

struct CommandLine {
  std::string answer;      // help or version, when that was asked for: print it and run nothing
  std::string subcommand;  // empty when none or an unknown one was named
  std::vector<std::string> problems;
};

// `arguments` without the program's name. Stores the values of the named subcommand's flags, and of
// no other one. Reads the environment: call it before other threads exist.
[[nodiscard]] CommandLine ParseCommandLine(const Program& program,
                                           const std::vector<std::string>& arguments);

}  // namespace nvmeof::server
