#include <twinmap/platform/atomic.hpp>
#include <twinmap/platform/swap_pair.hpp>

namespace twinmap::platform {

bool compare_exchange(atomic_pair& target, pair_value expected, pair_value desired) noexcept {
  return compare_exchange_inlined(target, expected, desired);  // (A1)
}

}  // namespace twinmap::platform
