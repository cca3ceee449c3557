// The folder that holds what survives the process: ledgers, the embedded store, last good lists, embargoes.
#pragma once

#include <string>

namespace holdfast {

struct state_folder {
  std::string path;    // empty: there is none, everything is kept in memory
  std::string problem; // why there is none; empty where all is well

  // `wanted` empty: $XDG_STATE_HOME/holdfast, else ~/.local/state/holdfast. Created with mode 0700 where missing.
  static state_folder open(const std::string& wanted);

  // A file of the folder; empty where there is no folder.
  std::string file(const std::string& name) const { return path.empty() ? std::string{} : path + '/' + name; }
};

} // namespace holdfast
