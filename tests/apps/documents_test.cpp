#define CAF_SUITE documents

#include <fstream>
#include <string>

#include "apps/holdfast/documents/documents.hpp"
#include "tests/support/runtime_child_process.hpp"
#include "tests/support/runtime_temporary_folder.hpp"
#include "tests/support/shell.hpp"

#include "caf/test/dsl.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::app;

struct fixture {
  test::temporary_folder folder;

  std::string written(const std::string& name, const std::string& text) {
    const auto path = folder.file(name);
    std::ofstream{path} << text;
    return path;
  }
  // What the shell offers after these words.
  std::string offered(const std::string& words, int at) {
    const auto script = written("complete.bash", bash_completion() + "COMP_WORDS=(" + words + ")\nCOMP_CWORD=" + std::to_string(at)
                                                   + "\n_holdfast\necho \"${COMPREPLY[*]}\"\n");
    return test::run_shell("bash " + script).text;
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// As roff writes it.
std::string in_roff(std::string_view name) {
  std::string text;
  for (const char c : name)
    text.append(c == '-' ? "\\" : "").push_back(c);
  return text;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(documents_tests, fixture)

CAF_TEST(the program knows every command that it tells of) {
  for (const auto& command : command_table()) {
    const auto result = test::run_shell(HOLDFAST_PROGRAM " " + std::string{command.name} + " --no-such-option=1");
    CAF_CHECK_EQUAL(result.status, 2);
    CAF_CHECK(!has(result.text, "is unknown; --help lists them"));
  }
}

CAF_TEST(help and every document name every command with its options) {
  const auto help = test::run_shell(HOLDFAST_PROGRAM " --help").text;
  CAF_CHECK_EQUAL(help, help_text());
  for (const auto& command : command_table()) {
    const std::string name{command.name};
    CAF_CHECK(has(help, "\n  " + name + ' '));
    CAF_CHECK(has(program_manual(), "\\fB" + name + "\\fR"));
    for (const auto& text : {bash_completion(), zsh_completion(), fish_completion()})
      CAF_CHECK(has(text, name));
    for (const auto& option : command.options) {
      const std::string own{option.name};
      CAF_CHECK(has(help, "--" + own));
      CAF_CHECK(has(program_manual(), "\\fB\\-\\-" + in_roff(own) + "\\fR"));
      CAF_CHECK(has(bash_completion(), "--" + own));
      CAF_CHECK(has(zsh_completion(), "--" + own));
      CAF_CHECK(has(fish_completion(), "-l " + own + ' '));
    }
  }
}

CAF_TEST(help and every document name every option of the configuration) {
  const auto help = help_text();
  for (const auto& option : told_options()) {
    const std::string name{option.name};
    CAF_MESSAGE(name);
    CAF_CHECK(has(help, "\n  --" + name + ' '));
    CAF_CHECK(has(program_manual(), "\\fB\\-\\-" + in_roff(name) + "\\fR="));
    CAF_CHECK(has(configuration_page(), "\n| `" + name + "` | "));
    CAF_CHECK(name == "config-file" || has(configuration_manual(), "\\fB" + in_roff(name) + "\\fR = "));
    CAF_CHECK(has(bash_completion(), "--" + name + '='));
    CAF_CHECK(has(zsh_completion(), "'--" + name + "=["));
    CAF_CHECK(has(fish_completion(), "-l " + name + ' '));
  }
}

CAF_TEST(every default is told as it is accepted) {
  for (const auto& option : option_table()) {
    CAF_MESSAGE(option.name);
    const auto text = option.field.text(options{});
    options set;
    CAF_CHECK(text.empty() || option.field.set(set, text));
    CAF_CHECK_EQUAL(option.field.text(set), text);
  }
}

CAF_TEST(bash offers commands and words and options and values) {
  CAF_CHECK_EQUAL(offered("holdfast sy", 1), "symbols\n");
  CAF_CHECK_EQUAL(offered("holdfast symbols f", 2), "futures\n");
  CAF_CHECK_EQUAL(offered("holdfast symbols --acc", 2), "--accept\n");
  CAF_CHECK_EQUAL(offered("holdfast serve --redis-u", 2), "--redis-url=\n");
  CAF_CHECK_EQUAL(offered("holdfast serve --store = em", 4), "embedded\n");
  CAF_CHECK_EQUAL(offered("holdfast serve --store =", 3), "auto redis embedded\n");
  CAF_CHECK_EQUAL(offered("holdfast simulate --red", 2), "\n");
}

CAF_TEST(the shells and man read what is generated for them) {
  const auto check = [&](const std::string& reader, const std::string& arguments, const std::string& name, const std::string& text) {
    if (!test::has_program(reader)) {
      CAF_MESSAGE("skipped: no " << reader);
      return;
    }
    const auto result = test::run_shell(reader + ' ' + arguments + ' ' + written(name, text));
    CAF_CHECK_EQUAL(result.text, "");
    CAF_CHECK_EQUAL(result.status, 0);
  };
  check("bash", "-n", "holdfast.bash", bash_completion());
  check("zsh", "-n", "_holdfast", zsh_completion());
  check("fish", "-n", "holdfast.fish", fish_completion());
  check("mandoc", "-T lint -W error", "holdfast.1", program_manual());
  check("mandoc", "-T lint -W error", "holdfast.conf.5", configuration_manual());
}

CAF_TEST_FIXTURE_SCOPE_END()
