// Schemas of the tool's JSON, in a form that can be read at a glance (schemas.json): an object
// lists its fields and nothing else is in it, unless "*" says what the others are; an array has one
// element, which all of its own are like; a string is a kind of value, or another schema's name.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace tools_test {

class schemas {
 public:
  schemas() {
    std::ifstream file(std::string(TWINMAP_TEST_DATA) + "/schemas.json");
    all_ = nlohmann::json::parse(file);
  }

  /// Empty if the value is like the schema; else where it is not.
  std::string complaint(const nlohmann::json& value, const nlohmann::json& schema,
                        const std::string& at = "") const {
    if (schema.is_array()) return of_array(value, schema[0], at);
    if (schema.is_object()) return of_object(value, schema, at);
    const std::string kind = schema.get<std::string>();
    if (all_.contains(kind)) return complaint(value, all_[kind], at);
    return is_a(kind, value) ? "" : at + " is no " + kind + ": " + value.dump();
  }

 private:
  static bool is_a(const std::string& kind, const nlohmann::json& value) {
    if (kind == "any") return true;
    if (kind == "string") return value.is_string();
    if (kind == "boolean") return value.is_boolean();
    if (kind == "integer") return value.is_number_integer();
    if (kind == "unsigned") return value.is_number_unsigned();
    if (kind == "scalar") return value.is_primitive() && !value.is_null();
    if (kind != "cell") return false;
    const bool encoded = value.is_object() && value.size() == 1 && value.contains("b64");
    return value.is_primitive() || (encoded && value["b64"].is_string());
  }

  std::string of_array(const nlohmann::json& value, const nlohmann::json& schema,
                       const std::string& at) const {
    if (!value.is_array()) return at + " is no array";
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string found = complaint(value[i], schema, at + "[" + std::to_string(i) + "]");
      if (!found.empty()) return found;
    }
    return {};
  }

  std::string of_object(const nlohmann::json& value, const nlohmann::json& schema,
                        const std::string& at) const {
    if (!value.is_object()) return at + " is no object";
    for (const auto& [name, kind] : schema.items()) {
      if (name != "*" && !value.contains(name)) return at + " has no " + name;
    }
    for (const auto& [name, field] : value.items()) {
      if (!schema.contains(name) && !schema.contains("*"))
        return at + " has " + name + ", which no schema knows";
      const auto& kind = schema.contains(name) ? schema[name] : schema["*"];
      std::string found = complaint(field, kind, at + "." + name);
      if (!found.empty()) return found;
    }
    return {};
  }

  nlohmann::json all_;
};

}  // namespace tools_test
