// All there is to do with a map, done with one that is spoilt: any answer and any twinmap::error
// will do, but no crash, no access beside the mapping, and no call that takes long.
#pragma once

#include "call_log.hpp"
#include "fence.hpp"
#include "image.hpp"

namespace garbage_tests {

// Spoils the image, meets it as a reader, as the tools do, and as a writer, and restores it.
// `seed` decides the order of changes.
void endure(image& spoilt, const damage& what, std::uint64_t seed, fence& around, call_log& log);

// Lookups alone, by one who is attached before anything is spoilt; again and again until `done`.
// How often it went over them. Counts itself in `attached` first.
std::uint64_t read_until(const image& map, call_log& log, std::atomic<unsigned>& attached,
                         const std::atomic<bool>& done);

}  // namespace garbage_tests
