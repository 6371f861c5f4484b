// The whole test on maps that make mistakes on purpose, each of them in few of its calls: a test
// that cannot see these would see nothing.

#include <gtest/gtest.h>
#include <support/privilege.hpp>

#include "history.hpp"

namespace linearizability {
namespace {

using sound_map = twinmap::map<std::uint64_t, std::uint64_t>;

// What the mistaken maps share: how to be made, and when to make the mistake.
struct mistaken_map : sound_map {
  using sound_map::sound_map;
  bool now_and_then() {
    static test_maps::random_source random(static_cast<std::uint64_t>(::getpid()));
    return random.below(8) == 0;
  }
};

struct loses_stores : mistaken_map {
  using mistaken_map::mistaken_map;
  static constexpr const char* name = "a store is lost";
  void store(std::uint64_t key, std::uint64_t value) {
    if (!now_and_then()) sound_map::store(key, value);
  }
};

struct answers_from_memory : mistaken_map {
  using mistaken_map::mistaken_map;
  static constexpr const char* name = "load answers what the process saw last";
  std::optional<std::uint64_t> load(std::uint64_t key) { return load_again(key, now_and_then()); }
  bool load(std::uint64_t key, std::uint64_t& out) {
    const auto found = load_again(key, false);
    out = found.value_or(0);
    return found.has_value();
  }
  std::optional<std::uint64_t> load_again(std::uint64_t key, bool from_memory) {
    if (!from_memory) memory_[key] = sound_map::load(key);
    return memory_[key];
  }
  std::array<std::optional<std::uint64_t>, most_keys> memory_;
};

struct exchanges_in_two_steps : mistaken_map {
  using mistaken_map::mistaken_map;
  static constexpr const char* name = "exchange is a load and a store";
  std::optional<std::uint64_t> exchange(std::uint64_t key, std::uint64_t value) {
    const auto previous = sound_map::load(key);
    sound_map::store(key, value);
    return previous;
  }
};

struct compares_in_two_steps : mistaken_map {
  using mistaken_map::mistaken_map;
  static constexpr const char* name = "compare_exchange is a load and a store";
  bool compare_exchange(std::uint64_t key, std::uint64_t expected, std::uint64_t desired) {
    if (sound_map::load(key) != std::optional(expected)) return false;
    sound_map::store(key, desired);
    return true;
  }
};

struct adds_in_two_steps : mistaken_map {
  using mistaken_map::mistaken_map;
  static constexpr const char* name = "fetch_add is a load and a store";
  std::uint64_t fetch_add(std::uint64_t key, std::uint64_t delta) {
    const std::uint64_t old = sound_map::load(key).value_or(0);
    sound_map::store(key, old + delta);
    return old;
  }
};

struct leaves_a_key : mistaken_map {
  using mistaken_map::mistaken_map;
  static constexpr const char* name = "clear leaves a key as it was";
  void clear() {
    const auto kept = sound_map::load(0);
    sound_map::clear();
    if (kept) sound_map::store(0, *kept);
  }
};

struct passes_over_a_key : mistaken_map {
  using mistaken_map::mistaken_map;
  static constexpr const char* name = "for_each passes over a key";
  template <class F>
  void for_each(F f) {
    const bool mistaken = now_and_then();
    sound_map::for_each([&](std::uint64_t key, std::uint64_t value) {
      return (mistaken && key == 0) || f(key, value);
    });
  }
};

struct returns_before_it_is_done : mistaken_map {
  using mistaken_map::mistaken_map;
  static constexpr const char* name = "an erase takes effect with the process's next call";
  bool erase(std::uint64_t key) {
    if (late_) sound_map::erase(*late_);
    late_.reset();
    if (!now_and_then()) return sound_map::erase(key);
    late_ = key;
    return sound_map::contains(key);
  }
  std::optional<std::uint64_t> late_;
};

template <class Map>
class AMapWithAMistake : public testing::Test {};
using mistakes =
    testing::Types<loses_stores, answers_from_memory, exchanges_in_two_steps, compares_in_two_steps,
                   adds_in_two_steps, leaves_a_key, passes_over_a_key, returns_before_it_is_done>;
class names_of_mistakes {
 public:
  template <class Map>
  static std::string GetName(int) {
    std::string name = Map::name;
    std::replace(name.begin(), name.end(), ' ', '_');
    std::replace(name.begin(), name.end(), '\'', '_');
    return name;
  }
};
TYPED_TEST_SUITE(AMapWithAMistake, mistakes, names_of_mistakes);

TYPED_TEST(AMapWithAMistake, IsNoticed) {
  const test_support::scoped_directory directory(test_support::default_directory());
  const test_support::shared_page<arena> shared;
  const test_support::shared_page<figures> sum;
  sum->quiet = true;
  std::uint64_t seed = 1'000'000;
  while (sum->violations == 0 && sum->histories < 100) {
    const plan wanted = plan_of(seed++, false);
    history<TypeParam>(wanted, *shared, directory.path()).run(TypeParam::name, *sum);
  }
  EXPECT_GT(sum->violations, 0u);
  std::printf("noticed in history %llu\n", static_cast<unsigned long long>(sum->histories.load()));
}

}  // namespace
}  // namespace linearizability
