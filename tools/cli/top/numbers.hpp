// Numbers for narrow columns and for wide ones.
#pragma once

#include <cstdint>
#include <string>

namespace twinmap::top {

/// At most four characters: "0", "0.5", "873", "1.2k", "87k", "3.4M".
std::string short_number(double value);

/// At most four characters, units of 1024: "512B", "1.5K", "87M", "2.0G".
std::string short_bytes(std::uint64_t bytes);

/// "1,234,567", whatever the locale.
std::string grouped(std::uint64_t number);

/// A rate where there is room: "0.5", "1,234", "12.3M" from a hundred millions on.
std::string long_rate(double per_second);

/// "59 %", "<1 %" for little that is not nothing, ">99 %" for nearly all; "-" of nothing.
std::string percentage(std::uint64_t part, std::uint64_t whole);

/// "12 ms", "3.4 s", "5 min", "7 h", "3 d".
std::string duration(std::uint64_t nanoseconds);

}  // namespace twinmap::top
