// One handle acts; before any of its accesses of the segment another one does all that it has to
// do. Whatever came between, what both were told and what stands in the end must be as if the act
// had happened at one moment: before all that the other one did, after it, or between two steps.
#pragma once

#include <gtest/gtest.h>
#include <maps/raw_map.hpp>
#include <support/names.hpp>
#include <support/touches.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>
#include <twinmap/map_access.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace protocol_tests {

template <class Key, class T>
test_maps::raw_map<Key, T> attached(std::type_identity<test_maps::raw_map<Key, T>>,
                                    const test_support::scoped_name& name,
                                    const test_maps::raw_settings& settings) {
  return {test_maps::attach_mode::open_only, name, settings};
}
template <class Key, class T>
twinmap::map<Key, T> attached(std::type_identity<twinmap::map<Key, T>>,
                              const test_support::scoped_name& name,
                              const test_maps::raw_settings&) {
  return {twinmap::open_only, name};
}
template <class Key, class T>
twinmap::protocol::handle& handle_of(const test_maps::raw_map<Key, T>& map) {
  return map.raw();
}
inline twinmap::protocol::handle& handle_of(const twinmap::any_map& map) {
  return twinmap::detail::map_access::handle(map);
}

inline std::string text_of(bool yes) {
  return yes ? "yes" : "no";
}
inline std::string text_of(std::uint64_t number) {
  return std::to_string(number);
}
inline std::string text_of(const std::string& text) {
  return text.size() < 20 ? text : text.substr(0, 10) + "…" + text.substr(text.size() - 10);
}
template <class T>
std::string text_of(const std::optional<T>& value) {
  return value ? text_of(*value) : "nothing";
}
template <class T>
std::string text_of(const std::pair<T, bool>& value) {
  return text_of(value.first) + (value.second ? " stood" : " stored");
}

// What a step was told; an error is an answer too.
template <class F>
std::string answer_of(F step) try {
  if constexpr (std::is_void_v<decltype(step())>) {
    step();
    return "done";
  } else {
    return text_of(step());
  }
} catch (const twinmap::error& failure) {
  return failure.code().message();
}

// `First` acts, a raw_map of the same types comes in between.
template <class First, class Key, class T>
class interruption {
 public:
  using other_map = test_maps::raw_map<Key, T>;
  using step = std::function<std::string(other_map&)>;

  // What is done to a fresh map by `one` and `other`, one after the other.
  std::function<void(First& one, other_map& other)> before;
  std::function<std::string(First&)> act;
  std::vector<step> meanwhile;
  step after = [](other_map&) { return std::string(); };  // before it is looked at what stands
  test_maps::raw_settings settings = small();
  unsigned turns = 2;  // of one instruction: the later ones of a loop are like the first

  static test_maps::raw_settings small() {
    test_maps::raw_settings settings;
    settings.max_bytes = 2u << 20;
    settings.max_writers = 8;
    settings.miss_batch = 1;
    settings.lock_timeout = std::chrono::microseconds(1);
    return settings;
  }

  // How often the other one came between; 0 if none can.
  std::size_t everywhere() {
    if (!test_support::can_come_between) return 0;
    std::size_t times = 0;
    for (const auto& place : places()) {
      if (testing::Test::HasFailure()) break;
      times += at(place) ? 1u : 0u;
    }
    return times;
  }

 private:
  struct world {
    explicit world(const interruption& what)
        : other(test_maps::attach_mode::create_only, name, what.settings),
          one(attached(std::type_identity<First>{}, name, what.settings)) {
      what.before(one, other);
    }
    test_support::scoped_name name;
    other_map other;
    First one;
  };

  std::string do_steps(world& in, std::size_t from, std::size_t to,
                       const std::vector<bool>& skipped) {
    std::string told;
    for (; from != to; ++from)
      told += skipped[from] ? timed_out() + "; "
                            : answer_of([&] { return meanwhile[from](in.other); }) + "; ";
    return told;
  }

  static std::string timed_out() {
    return twinmap::make_error_code(twinmap::errc::lock_timeout).message();
  }

  std::string state_of(world& in) const {
    std::string text = after(in.other) + " -> ";
    std::map<Key, T> all;
    in.other.for_each(
        [&](const Key& key, const T& value) { return all.emplace(key, value).second; });
    for (const auto& [key, value] : all) {
      text += text_of(key) + "=" + text_of(value) + " ";
      if (in.other.load(key) != value) text += "(not found!) ";
    }
    if (in.other.size() != all.size()) text += "size " + std::to_string(in.other.size());
    const auto report = in.other.check();
    for (const std::string& finding : report.findings)
      text += "\n" + finding;
    if (report.blocks_orphaned != 0) text += "\na block is nobody's";
    return text;
  }

  std::string told_of_act(world& in) {
    return answer_of([&] { return act(in.one); });
  }

  std::vector<test_support::place> places() {
    world in(*this);
    auto& file = handle_of(in.one).state().file;
    return test_support::find_touches(file.base(), file.size(), turns, [&] { told_of_act(in); });
  }

  bool at(const test_support::place& place) {
    world in(*this);
    std::string ours;
    std::string theirs;
    std::vector<bool> skipped(meanwhile.size());
    const auto others_act = [&] {
      for (std::size_t i = 0; i != meanwhile.size(); ++i) {
        const std::string told = answer_of([&] { return meanwhile[i](in.other); });
        skipped[i] = told == timed_out();
        theirs += told + "; ";
      }
    };
    if (!test_support::come_between(
            place, [&] { ours = told_of_act(in); }, others_act))
      return false;
    const std::string found = ours + " | " + theirs + state_of(in);
    std::string expected;
    for (const std::string& each : outcomes(skipped)) {
      if (found == each) return true;
      expected += "\n  " + each;
    }
    ADD_FAILURE() << "at " << std::hex << place.instruction << std::dec << ", turn " << place.turn
                  << ":\n  " << found << "\ninstead of any of" << expected;
    return true;
  }

  const std::vector<std::string>& outcomes(const std::vector<bool>& skipped) {
    std::vector<std::string>& known = known_[skipped];
    for (std::size_t i = 0; known.size() != meanwhile.size() + 1; ++i) {
      world in(*this);
      const std::string first = do_steps(in, 0, i, skipped);
      const std::string ours = told_of_act(in);
      const std::string theirs = first + do_steps(in, i, meanwhile.size(), skipped);
      known.push_back(ours + " | " + theirs + state_of(in));
    }
    return known;
  }

  std::map<std::vector<bool>, std::vector<std::string>> known_;
};

}  // namespace protocol_tests
