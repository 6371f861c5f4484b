// The processes of a soak: writers, readers and a keeper. Each goes on until it is killed, or until
// `stop` says so, or until something is wrong, which it writes into the book.
#pragma once

#include <atomic>
#include <cstdint>

#include "book.hpp"

namespace soak {

void write(soak_map& map, book& shared, std::size_t writer, std::uint64_t seed,
           const std::atomic<bool>& stop);
void read(const soak_map& map, book& shared, std::uint64_t seed, const std::atomic<bool>& stop);
void keep(soak_map& map, std::uint64_t seed, const std::atomic<bool>& stop);

// Compares all keys of a writer that is dead with its ledger, which then is as the map is.
void audit(const soak_map& map, book& shared, std::size_t writer);

}  // namespace soak
