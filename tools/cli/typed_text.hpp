// Keys and values as what they are: numbers for numeric types, text for strings, hexadecimal for
// structs. A map keeps bytes and the written names of its types; this file stands between both and
// the user.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace twinmap::cli {

using json = nlohmann::ordered_json;  // fields come in the order of the structs

/// What --key-as and --value-as say. `by_type` is the default: struct as hex, everything else as
/// text. hex and b64 stand for the bytes as they lie in the map, also of numbers.
enum class text_form { by_type, text, hex, b64 };

/// A type by its written name: u8…u64, i8…i64, f32, f64, bool, string, bytes, struct:NAME:SIZE. Any
/// other name is a program's own codec: bytes of unknown meaning.
class named_type {
 public:
  explicit named_type(std::string name);

  const std::string& name() const { return name_; }
  bool numeric() const;  ///< integers and floating point

  /// The bytes that `text` stands for. Throws usage_error, naming the type and what was given.
  std::string parse(std::string_view text, text_form form) const;

  /// For a terminal or a pipe: exact bytes for string and bytes, else what parse() reads back.
  std::string show(std::string_view bytes, text_form form) const;

  /// A JSON number or boolean where the type is one, else a string; {"b64": …} for what is not
  /// UTF-8, and for numbers that would not come back as the same bytes (a NaN with a payload).
  json to_json(std::string_view bytes, text_form form) const;

  /// As `to_json`, for a dump: a struct that nobody asked to see as something is {"b64": …}.
  json to_record(std::string_view bytes, text_form form) const;

  /// The bytes that `to_json` and `to_record` showed. Throws usage_error, naming the type and what
  /// was given.
  std::string from_json(const json& shown, text_form form) const;

  /// Adds a number given as text to the one in `bytes` (empty: 0). Integers wrap.
  std::string add(std::string_view bytes, std::string_view delta) const;

 private:
  enum class kind { unsigned_integer, signed_integer, floating, boolean, structure, free_bytes };

  std::string parse_number(std::string_view text) const;
  std::string show_number(std::string_view bytes) const;
  json number_as_json(std::string_view bytes) const;
  text_form effective(text_form form) const;
  [[noreturn]] void reject(std::string_view text) const;

  std::string name_;
  kind kind_ = kind::free_bytes;
  std::size_t size_ = 0;  ///< exact size in bytes; 0: any
};

}  // namespace twinmap::cli
