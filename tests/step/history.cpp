#include "history.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>

namespace step_tests {
namespace {

struct stopped_call {
  call made;
  std::optional<answer> got;  // nothing: it tells nothing of this key
};

// The part of the stopped call that concerns a key.
std::optional<stopped_call> part_of(const call& whole, const answer& got, const std::string& key) {
  if (whole.key == key) return stopped_call{whole, got};
  if (whole.member == "clear") return stopped_call{{"erase", key}, std::nullopt};
  if (whole.member != "for_each" && whole.member != "load_many") return std::nullopt;
  if (whole.member == "load_many" &&
      std::find(whole.keys.begin(), whole.keys.end(), key) == whole.keys.end())
    return std::nullopt;
  const auto value = value_under(got.all, key);
  return stopped_call{{"load", key}, answer{.yes = value.has_value(), .value = value}};
}

// The key's value in the end, if the stopped call took place before call `place`; nothing if an
// answer speaks against it.
std::optional<std::optional<std::string>> end_if(const std::string& key, contents all,
                                                 const history& of_key,
                                                 const std::optional<stopped_call>& stopped,
                                                 std::size_t place) {
  for (std::size_t i = 0; i <= of_key.size(); ++i) {
    if (i == place && stopped) {
      const answer right = expect(all, stopped->made);
      if (stopped->got && *stopped->got != right) return std::nullopt;
    }
    if (i == of_key.size() || of_key[i].got.error != 0) continue;
    if (expect(all, of_key[i].made) != of_key[i].got) return std::nullopt;
  }
  return value_under(all, key);
}

}  // namespace

possibilities ends_of(const stage& on, const history& meanwhile, const answer& of_stopped) {
  std::set<std::string> keys = on.keys();
  for (const event& each : meanwhile)
    if (!each.made.key.empty()) keys.insert(each.made.key);
  for (const auto& [key, value] : of_stopped.all)
    keys.insert(key);
  possibilities all;
  for (const std::string& key : keys) {
    history of_key;
    for (const event& each : meanwhile)
      if (each.made.key == key || each.made.member == "clear") of_key.push_back(each);
    contents before;
    if (const auto value = value_under(on.before(), key)) before[key] = *value;
    const auto stopped = part_of(on.what().run, of_stopped, key);
    all[key] = {};
    for (std::size_t place = 0; place <= of_key.size(); ++place)
      if (const auto end = end_if(key, before, of_key, stopped, place)) all[key].push_back(*end);
  }
  return all;
}

}  // namespace step_tests
