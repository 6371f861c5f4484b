// Live maps worth spoiling, each in a state of its own. Their bytes are the same each time but for
// times and process ids, so that a damage does the same each time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace garbage_tests {

enum class flavour { numbers, texts };

struct victim {
  std::string_view name;
  flavour kind;
  void (*make)(const std::string& name, const std::string& directory);
};

const std::vector<victim>& victims();
std::uint8_t number_of_victim(std::string_view name);

// Keys below `most_keys` may be there, those from `no_key` on never are.
inline constexpr std::uint64_t most_keys = 200;
inline constexpr std::uint64_t no_key = 1'000'000;

std::uint64_t number_key(std::uint64_t i);
std::string text_key(std::uint64_t i);
std::string text_value(std::uint64_t i);

}  // namespace garbage_tests
