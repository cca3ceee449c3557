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

} // namespace holdfast::app
