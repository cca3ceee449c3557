// Writes the generated documents into a folder: write_documents FOLDER
#include <array>
#include <cstdio>
#include <fstream>
#include <utility>

#include "apps/holdfast/documents/documents.hpp"

int main(int argc, char** argv) {
  using namespace holdfast::app;
  if (argc != 2) {
    std::fputs("usage: write_documents FOLDER\n", stderr);
    return 2;
  }
  constexpr std::array<std::pair<const char*, std::string (*)()>, 6> documents{{{"holdfast.1", program_manual},
                                                                                {"holdfast.conf.5", configuration_manual},
                                                                                {"configuration.md", configuration_page},
                                                                                {"holdfast.bash", bash_completion},
                                                                                {"_holdfast", zsh_completion},
                                                                                {"holdfast.fish", fish_completion}}};
  for (const auto& [name, text] : documents) {
    std::ofstream file{std::string{argv[1]} + '/' + name, std::ios::trunc};
    file << text();
    if (!file.flush()) {
      std::fprintf(stderr, "%s/%s cannot be written\n", argv[1], name);
      return 1;
    }
  }
}
