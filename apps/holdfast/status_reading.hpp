// Reads the JSON that a running serve answers; what is missing reads as nothing. Private to the program.
#pragma once

#include <string>

#include <rapidjson/document.h>

namespace holdfast::app {

inline const rapidjson::Value& part(const rapidjson::Value& of, const char* name) {
  static const rapidjson::Value nothing;
  return of.IsObject() && of.HasMember(name) ? of[name] : nothing;
}

inline std::string text(const rapidjson::Value& of, const char* name) {
  const auto& value = part(of, name);
  return value.IsString() ? value.GetString() : value.IsInt64() ? std::to_string(value.GetInt64()) : "-";
}

inline std::int64_t number(const rapidjson::Value& of, const char* name) {
  const auto& value = part(of, name);
  return value.IsInt64() ? value.GetInt64() : 0;
}

inline bool is_true(const rapidjson::Value& of, const char* name) {
  return part(of, name).IsTrue();
}

// Whether nobody answered for this part of the status in time: what is told of it is from before, or nothing.
inline bool is_silent(const rapidjson::Value& status, const std::string& name) {
  const auto& silent = part(status, "silent");
  if (!silent.IsArray())
    return false;
  for (const auto& one : silent.GetArray())
    if (one.IsString() && one.GetString() == name)
      return true;
  return false;
}

// "history, store"; empty where everybody answered.
inline std::string silent_parts(const rapidjson::Value& status) {
  std::string names;
  const auto& silent = part(status, "silent");
  if (silent.IsArray())
    for (const auto& one : silent.GetArray())
      if (one.IsString())
        names += (names.empty() ? "" : ", ") + std::string{one.GetString()};
  return names;
}

} // namespace holdfast::app
