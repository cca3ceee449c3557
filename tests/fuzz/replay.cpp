// Stands in for libFuzzer where there is none: gives the target every file of a corpus, whole and cut off at some places.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int*, char***);

namespace {

constexpr std::size_t cuts = 16;

void give(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

} // namespace

int main(int count, char** words) {
  if (LLVMFuzzerInitialize)
    LLVMFuzzerInitialize(&count, &words);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{words[1]}) {
    std::ostringstream text;
    text << std::ifstream{entry.path(), std::ios::binary}.rdbuf();
    const auto input = text.str();
    for (std::size_t i = 0; i < cuts; ++i)
      give(input.substr(0, input.size() * i / cuts));
    give(input);
    ++files;
  }
  std::printf("%zu files\n", files);
  return files > 0 ? 0 : 1;
}
