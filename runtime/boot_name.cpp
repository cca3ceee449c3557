#include "runtime/boot_name.hpp"

#include <fstream>

#include "runtime/machine.hpp"

namespace holdfast {

const std::string& boot_name() {
  static const std::string name = [] {
    std::string id;
    std::ifstream{"/proc/sys/kernel/random/boot_id"} >> id;
    return id.empty() ? id : digest_of("holdfast " + id);
  }();
  return name;
}

} // namespace holdfast
