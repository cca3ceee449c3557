// The folder that holds what survives the process: ledgers, the embedded store, last good lists, embargoes.
#pragma once

#include <string>

namespace holdfast {

struct state_folder {
  std::string path;     // empty: nothing can be kept there, everything is in memory
  std::string problem;  // why nothing can be kept; empty where all is well
  std::string readable; // where an earlier process may have left something: `path`, or a folder that is read-only
  std::string warning;  // the folder is used, but others can look into it; empty where all is well

  // `wanted` empty: $XDG_STATE_HOME/holdfast, else ~/.local/state/holdfast. Created with mode 0700 where missing; one
  // that is there keeps its mode, it may hold more than ours.
  static state_folder open(const std::string& wanted);

  // A file of the folder; empty where there is no folder.
  std::string file(const std::string& name) const { return path.empty() ? std::string{} : path + '/' + name; }
};

} // namespace holdfast
