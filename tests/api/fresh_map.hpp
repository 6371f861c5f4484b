// What the tests of the typed interface start from: a map of its own name, gone when the test ends.
#pragma once

#include <gtest/gtest.h>
#include <support/names.hpp>
#include <twinmap/bytes_map.hpp>
#include <twinmap/map.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace api_test {

using u64 = std::uint64_t;

// A quote as programs share it: plain, named, without padding, too long to lie inside a slot.
struct quote {
  std::int64_t bid = 0;
  std::int64_t ask = 0;
  std::uint64_t at = 0;
  friend bool operator==(const quote&, const quote&) = default;
};

template <class Key, class T>
struct fresh_map {
  fresh_map() : fresh_map(twinmap::options{.max_bytes = 64 << 20}) {}
  explicit fresh_map(const twinmap::options& wanted) : map(twinmap::create_only, name, wanted) {}

  test_support::scoped_name name;
  twinmap::map<Key, T> map;

  template <class Tag>
  twinmap::map<Key, T> attach(Tag tag, const twinmap::options& wanted = {}) const {
    return twinmap::map<Key, T>(tag, name, wanted);
  }
};

// The code of the twinmap::error that `f` throws; no code if it throws none.
template <class F>
std::error_code code_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (const twinmap::error& e) {
    return e.code();
  }
  return {};
}

// Its text.
template <class F>
std::string text_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (const twinmap::error& e) {
    return e.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace api_test

template <>
struct twinmap::type_name<api_test::quote> {
  static constexpr std::string_view value = "quote/1";
};
