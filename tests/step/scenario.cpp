#include "scenario.hpp"

#include <cstdint>

namespace step_tests {
namespace {

constexpr flavour numbers = flavour::numbers;
constexpr flavour texts = flavour::texts;
constexpr int filled = 12;  // keys 0 to 11 are in read, every third with a block
constexpr int warm = 11;    // the one with which the stepped process has begun to write

const std::string block(100, 'b');
const std::string other_block(300, 'o');
const std::string in_slot = "short";
const std::string long_key = "a key that does not fit into a slot " + std::string(60, 'k');

calls store(flavour kind, int first, int last) {
  calls all;
  for (int i = first; i < last; ++i)
    all.push_back({"store", key_of(kind, i), value_of(kind, i)});
  return all;
}

calls erase(flavour kind, int first, int last) {
  calls all;
  for (int i = first; i < last; ++i)
    all.push_back({"erase", key_of(kind, i)});
  return all;
}

calls one(const std::string& member) {
  return {{member}};
}

calls create() {
  return one("create_only");
}

// Read holds twelve keys, and there is no dirty.
calls in_read(flavour kind) {
  return create() + store(kind, 0, filled) + one("promote");
}

// And dirty two more.
calls in_dirty(flavour kind) {
  return in_read(kind) + store(kind, filled, filled + 2);
}

// Of the keys in read ten are nil.
calls mostly_nil(flavour kind) {
  return in_read(kind) + erase(kind, 0, 10);
}

calls attached(flavour kind) {
  return one("open_only") + calls{{"store", key_of(kind, warm), value_of(kind, warm)}};
}

// Changes of one key, in each state that it may be in.
void change_a_key(std::vector<scenario>& all, flavour kind, const std::string& where,
                  const calls& prepare, int i, const std::string& fresh) {
  const std::string key = key_of(kind, i);
  const std::string old = value_of(kind, i);
  const auto add = [&](const call& run) {
    all.push_back({where, kind, prepare, attached(kind), run});
  };
  add({"store", key, fresh});
  add({"load_or_store", key, fresh});
  add({"exchange", key, fresh});
  add({"erase", key});
  add({"load_and_erase", key});
  add({"compare_exchange", key, fresh, old});
  add({"compare_erase", key, {}, old});
  add({"update", key, fresh});
  if (kind == numbers) add({"fetch_add", key, fresh});
}

std::vector<scenario> changes_of_one_key() {
  std::vector<scenario> all;
  change_a_key(all, numbers, "InlineInRead", in_read(numbers), 3, raw(77));
  change_a_key(all, numbers, "InlineInDirty", in_dirty(numbers), 13, raw(77));
  change_a_key(all, numbers, "InlineNil", in_read(numbers) + erase(numbers, 3, 4), 3, raw(77));
  change_a_key(all, numbers, "InlineNew", in_dirty(numbers), 20, raw(77));
  change_a_key(all, texts, "SlotToSlot", in_read(texts), 4, in_slot + "!");
  change_a_key(all, texts, "SlotToBlock", in_read(texts), 4, block);
  change_a_key(all, texts, "BlockToBlock", in_read(texts), 3, other_block);
  change_a_key(all, texts, "BlockToSlot", in_read(texts), 3, in_slot);
  change_a_key(all, texts, "BlockInDirty", in_dirty(texts), 12, other_block);
  change_a_key(all, texts, "NilToBlock", in_read(texts) + erase(texts, 3, 4), 3, block);
  change_a_key(all, texts, "NewWithBlock", in_dirty(texts), 20, block);
  return all;
}

// Inserts that find the two maps in each state that they may be in.
std::vector<scenario> inserts() {
  std::vector<scenario> all;
  const auto add = [&all](const std::string& path, const calls& prepare, const std::string& key,
                          const std::string& value) {
    all.push_back({path, texts, prepare, attached(texts), {"store", key, value}});
  };
  const calls expunged = mostly_nil(texts) + store(texts, 20, 21);
  add("BuildsDirty", in_read(texts), "new", block);
  add("IntoDirty", in_dirty(texts), "new", in_slot);
  add("WithALongKey", in_read(texts), long_key, in_slot);
  add("WithALongKeyAndABlock", in_dirty(texts), long_key, block);
  add("BuildsDirtyCompacting", mostly_nil(texts), "new", in_slot);
  add("ReapsExpungedSlots", expunged + one("promote"), "new", in_slot);
  add("Unexpunges", expunged, key_of(texts, 4), block);
  add("UnexpungesBesideAStandby", expunged + one("prepare_standby"), key_of(texts, 4), block);
  add("BesideAStandby", in_dirty(texts) + one("prepare_standby"), "new", in_slot);
  return all;
}

}  // namespace

std::string scenario::name() const {
  return run.member + "_" + path;
}

std::string key_of(flavour kind, int i) {
  return kind == numbers ? raw(static_cast<std::uint64_t>(i)) : "key " + std::to_string(i);
}

std::string value_of(flavour kind, int i) {
  if (kind == numbers) return raw(static_cast<std::uint64_t>(1000 + i));
  return i % 3 == 0 ? block : in_slot;
}

const std::vector<scenario>& mutations() {
  static const std::vector<scenario> all = [] {
    std::vector<scenario> sum = changes_of_one_key();
    for (const auto& more : {inserts()})
      sum.insert(sum.end(), more.begin(), more.end());
    return sum;
  }();
  return all;
}

}  // namespace step_tests
