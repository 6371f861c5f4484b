// R1 to R5, P4, P8: whatever others have done between any two accesses of an operation, it happens
// at one moment. What is erased is used again at once: the slot, the block, the table's memory.

#include <twinmap/protocol/gather.hpp>

#include "between_accesses.hpp"

namespace protocol_tests {
namespace {

using u64 = std::uint64_t;
using numbers = test_maps::raw_map<u64, u64>;
using texts = test_maps::raw_map<std::string, std::string>;
using typed = twinmap::map<u64, u64>;
using of_typed = interruption<typed, u64, u64>;
using of_numbers = interruption<numbers, u64, u64>;
using of_texts = interruption<texts, std::string, std::string>;

// Of a key, by what they are called.
template <class Key, class T>
struct made {
  using map = test_maps::raw_map<Key, T>;
  static auto store(Key key, T value) {
    return [=](map& m) {
      m.store(key, value);
      return std::string("stored");
    };
  }
  static auto exchange(Key key, T value) {
    return [=](map& m) { return text_of(m.exchange(key, value)); };
  }
  static auto erase(Key key) {
    return [=](map& m) { return text_of(m.erase(key)); };
  }
  static auto compact() {
    return [](map& m) {
      m.compact();
      return std::string();
    };
  }
};

using by_number = made<u64, u64>;
using by_text = made<std::string, std::string>;

// Where key 3 stands when the act begins.
enum class spot { read, nil, dirty, nil_in_dirty, nowhere, expunged };

template <class Map, class KeyOf, class ValueOf>
void place(Map& other, spot where, KeyOf key, ValueOf value) {
  constexpr u64 the_key = 3;
  const auto in_read = where == spot::read || where == spot::nil || where == spot::expunged;
  if (in_read) other.store(key(the_key), value(the_key));  // the first slot
  for (u64 i = 4; i != 12; ++i)
    other.store(key(i), value(i));
  other.promote();
  if (where == spot::dirty || where == spot::nil_in_dirty)
    other.store(key(the_key), value(the_key));
  if (where == spot::nil || where == spot::nil_in_dirty) other.erase(key(the_key));
  if (where != spot::expunged) return;
  for (const u64 i : {the_key, u64{4}, u64{5}, u64{6}})
    other.erase(key(i));
  other.store(key(100), value(100));  // builds a dirty without them
}

u64 number(u64 i) {
  return i;
}
u64 ten_times(u64 i) {
  return i * 10;
}

using numbers_steps = std::vector<of_typed::step>;

template <class Map>
std::string all_of(Map& map) {
  std::map<u64, u64> all;
  map.for_each([&](u64 key, u64 value) { return all.emplace(key, value).second; });
  std::string text;
  for (const auto& [key, value] : all)
    text += text_of(key) + ":" + text_of(value) + " ";
  return text;
}

template <class Map>
std::string compacted(Map& map) {
  map.compact();
  return "";
}

// By how much a sweep mended the size: of two only one did.
std::string swept(numbers& map) {
  return std::to_string(map.sweep().size_corrected);
}

// Whether anything was wrong does not matter.
std::string swept_well(numbers& map) {
  map.sweep();
  return "";
}

void expect_places(std::size_t count) {
  EXPECT_EQ(count > 4, test_support::can_come_between);
}

numbers_steps erased() {
  return {by_number::erase(3)};
}
numbers_steps replaced() {
  return {by_number::erase(3), by_number::compact(), by_number::store(1003, 5)};
}
numbers_steps stored() {
  return {by_number::store(3, 32)};
}

struct scene_of_typed {
  const char* name;
  spot where;
  std::string (*act)(typed&);
  numbers_steps (*meanwhile)();
};
const scene_of_typed scenes_of_typed[] = {
    {"LoadErased", spot::read, [](typed& m) { return text_of(m.load(3)); }, erased},
    {"LoadReplaced", spot::read, [](typed& m) { return text_of(m.load(3)); }, replaced},
    {"LoadOrStoreErased", spot::read, [](typed& m) { return text_of(m.load_or_store(3, 77)); },
     erased},
    {"CompareOtherErased", spot::read,
     [](typed& m) { return text_of(m.compare_exchange(3, 0, 77)); }, erased},
    {"ForEachErased", spot::read, all_of<typed>, erased},
    {"ForEachReplaced", spot::read, all_of<typed>, replaced},
};

class Typed : public testing::TestWithParam<scene_of_typed> {};

TEST_P(Typed, HappensAtOneMoment) {
  of_typed what;
  what.before = [&](typed& one, numbers& other) {
    place(other, GetParam().where, number, ten_times);
    one.exchange(7, 1);  // it has a lease, and
    one.load(7);         // knows the table
  };
  what.act = GetParam().act;
  what.meanwhile = GetParam().meanwhile();
  what.turns = 1;
  expect_places(what.everywhere());
}

INSTANTIATE_TEST_SUITE_P(In, Typed, testing::ValuesIn(scenes_of_typed),
                         [](const auto& each) { return each.param.name; });

struct scene_of_raw {
  const char* name;
  spot where;
  std::string (*act)(numbers&);
  numbers_steps (*meanwhile)();
  std::uint64_t max_entries = 0;
};
const scene_of_raw scenes_of_raw[] = {
    {"PurgeNil", spot::nil,
     [](numbers& m) {
       m.store(1003, 5);
       return std::string("stored");
     },
     stored, 9},
    {"ForEachReplaced", spot::read, all_of<numbers>, replaced},
    {"CompactNilInDirty", spot::nil_in_dirty, compacted<numbers>, stored},
    {"CompactNil", spot::nil, compacted<numbers>, stored},
    {"CheckReplaced", spot::read,
     [](numbers& m) { return std::to_string(m.check().findings.size()); }, replaced},
    {"SweepOfAWrongSize", spot::read, swept, [] { return numbers_steps{swept}; }},
    {"SweepErased", spot::read, swept_well, erased},
    {"SweepStored", spot::nil, swept_well, stored},
};

class Raw : public testing::TestWithParam<scene_of_raw> {};

TEST_P(Raw, HappensAtOneMoment) {
  of_numbers what;
  what.settings.max_entries = GetParam().max_entries;
  what.before = [&](numbers& one, numbers& other) {
    place(other, GetParam().where, number, ten_times);
    one.exchange(7, 1);
    one.load(7);
    if (GetParam().act == swept) one.raw().view.header->counts.size_correction += 5;
  };
  what.act = GetParam().act;
  what.meanwhile = GetParam().meanwhile();
  what.turns = 1;
  expect_places(what.everywhere());
}

INSTANTIATE_TEST_SUITE_P(In, Raw, testing::ValuesIn(scenes_of_raw),
                         [](const auto& each) { return each.param.name; });

std::string short_key(u64 i) {
  return "key" + std::to_string(i);
}
std::string block(u64 i) {
  return std::string(100, static_cast<char>('a' + i % 26));
}
std::string run_of_chunks(u64 i) {
  return std::string(40'000, static_cast<char>('a' + i % 26));
}

struct scene_of_texts {
  const char* name;
  spot where;
  std::string (*act)(texts&);
  std::vector<of_texts::step> (*meanwhile)();
};
// More often than there are blocks in stock: then each is used again.
void store_often(texts& map, u64 last) {
  for (u64 i = 60; i-- != 0;)
    map.store(short_key(3), block(last + i));
}
std::vector<of_texts::step> block_used_again() {
  return {[](texts& m) {
    store_often(m, 5);
    return std::string();
  }};
}
// Each fourth value stays, of those that fill a few chunks.
std::string in_many_chunks(u64 i) {
  return std::string(4000, static_cast<char>('a' + i % 26));
}
void make_sparse(texts& map) {
  for (u64 i = 1000; i != 1064; ++i)
    map.store(short_key(i), in_many_chunks(i));
  for (u64 i = 1000; i != 1064; ++i)
    if (i % 4 != 0) map.erase(short_key(i));
}
std::string gathered(texts& map) {
  twinmap::protocol::gatherer gatherer(map.raw());
  for (int i = 0; i != 10 && gatherer.some(1000); ++i) {
  }
  return "";
}
// Whichever is being moved.
std::vector<of_texts::step> all_that_stayed_exchanged() {
  return {[](texts& m) {
    for (u64 i = 1000; i != 1064; i += 4)
      m.exchange(short_key(i), "short");
    return std::string();
  }};
}
const scene_of_texts scenes_of_texts[] = {
    {"GatherExchanged", spot::read, gathered, all_that_stayed_exchanged},
    {"LoadBlockUsedAgain", spot::read, [](texts& m) { return text_of(m.load(short_key(3))); },
     block_used_again},
    {"ExchangeBlockUsedAgain", spot::read,
     [](texts& m) { return text_of(m.exchange(short_key(3), block(9))); }, block_used_again},
    {"LoadOrStoreExchanged", spot::read,
     [](texts& m) { return text_of(m.load_or_store(short_key(7), "new")); },
     [] { return std::vector<of_texts::step>{by_text::exchange(short_key(7), block(8))}; }},
    {"StoreStored", spot::read,
     [](texts& m) { return text_of(m.exchange(short_key(3), run_of_chunks(9))); },
     [] { return std::vector<of_texts::step>{by_text::exchange(short_key(4), run_of_chunks(8))}; }},
    {"StoreStoredBlock", spot::read,
     [](texts& m) { return text_of(m.exchange(short_key(3), std::string(5000, 'x'))); },
     [] {
       return std::vector<of_texts::step>{by_text::exchange(short_key(4), std::string(5000, 'y'))};
     }},
};

class Texts : public testing::TestWithParam<scene_of_texts> {};

TEST_P(Texts, HappenAtOneMoment) {
  of_texts what;
  what.before = [&](texts& one, texts& other) {
    if (GetParam().act == gathered) make_sparse(other);
    place(other, GetParam().where, short_key, block);
    store_often(other, 3);
    one.exchange(short_key(7), "1");
    one.load(short_key(7));
  };
  what.act = GetParam().act;
  what.meanwhile = GetParam().meanwhile();
  what.turns = 1;
  expect_places(what.everywhere());
}

INSTANTIATE_TEST_SUITE_P(In, Texts, testing::ValuesIn(scenes_of_texts),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace protocol_tests
