// The kinds of maps that histories are made of: which keys and which values stand for the numbers
// that the checker knows.
#pragma once

#include <maps/self_verifying.hpp>
#include <twinmap/map.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace linearizability {

// Five words that follow from the first: a value in a block, where a mixture of two is seen.
struct five_words {
  std::array<std::uint64_t, 5> words;
};

}  // namespace linearizability

template <>
struct twinmap::type_name<linearizability::five_words> {
  static constexpr std::string_view value = "five_words";
};

namespace linearizability {

// make(number) is the value; number_of(value) is empty if the value is torn.
template <class T>
struct value_kind;

template <>
struct value_kind<std::uint64_t> {
  static std::uint64_t make(std::uint64_t number) { return number; }
  static content number_of(std::uint64_t value) { return value; }
};

template <>
struct value_kind<five_words> {
  static five_words make(std::uint64_t number) {
    five_words value;
    for (std::uint64_t i = 0; i != value.words.size(); ++i)
      value.words[i] = i == 0 ? number : test_maps::mixed(number + i);
    return value;
  }
  static content number_of(const five_words& value) {
    const std::uint64_t number = value.words[0];
    return value.words == make(number).words ? content(number) : std::nullopt;
  }
};

// Of many lengths, and every third so short that it lies in the slot.
template <>
struct value_kind<std::string> {
  static std::string make(std::uint64_t number) {
    const std::uint64_t hash = test_maps::mixed(number);
    std::string value(hash % 3 == 0 ? 8 : 9 + (hash >> 8) % 300, '\0');
    test_maps::fill_self_verifying(value, number);
    return value;
  }
  static content number_of(const std::string& value) {
    return test_maps::verifies(value) ? content(test_maps::seed_of(value)) : std::nullopt;
  }
};

// The keys of a history are 0 … 7; others, whose comings and goings are not written down, begin at
// `first_other`.
inline constexpr std::uint64_t first_other = 100;

template <class Key>
struct key_kind;

template <>
struct key_kind<std::uint64_t> {
  static std::uint64_t make(std::uint64_t number) { return number; }
  static std::uint64_t number_of(std::uint64_t key) { return key; }
};

// Odd ones are too long for a slot.
template <>
struct key_kind<std::string> {
  static std::string make(std::uint64_t number) {
    return std::to_string(number) + (number % 2 == 0 ? "" : std::string(100, '-'));
  }
  static std::uint64_t number_of(const std::string& key) { return std::stoull(key); }
};

}  // namespace linearizability
