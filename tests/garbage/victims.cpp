#include "victims.hpp"

#include "fixed_randomness.hpp"

#include <signal.h>
#include <unistd.h>
#include <maps/raw_map.hpp>
#include <maps/segment_bytes.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <twinmap/platform/robust_mutex.hpp>

#include <stdexcept>
#include <type_traits>

namespace garbage_tests {
namespace {

using test_maps::attach_mode;
using numbers_map = test_maps::raw_map<std::uint64_t, std::uint64_t>;
using texts_map = test_maps::raw_map<std::string, std::string>;

// As small as a map can be: what is not there costs nothing to look at or to put back. Values in
// blocks take a chunk of 64 KiB for each of their sizes.
template <class Map>
test_maps::raw_settings small(const std::string& directory, std::uint64_t max_entries = 600) {
  test_maps::raw_settings settings;
  settings.directory = directory;
  settings.max_bytes = std::is_same_v<Map, texts_map> ? 2u << 20 : 1u << 20;
  settings.max_entries = max_entries;
  settings.max_writers = 8;
  settings.miss_batch = 1;
  return settings;
}

void store(numbers_map& map, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i != last; ++i)
    map.store(number_key(i), i);
}

void store(texts_map& map, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i != last; ++i)
    map.store(text_key(i), text_value(i));
}

void erase(numbers_map& map, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i != last; ++i)
    map.erase(number_key(i));
}

void erase(texts_map& map, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i != last; ++i)
    map.erase(text_key(i));
}

template <class Map>
Map created(const std::string& name, const std::string& directory,
            std::uint64_t max_entries = 600) {
  const fixed_randomness fixed;
  return Map(attach_mode::create_only, name, small<Map>(directory, max_entries));
}

template <class Map>
void just_made(const std::string& name, const std::string& directory) {
  created<Map>(name, directory);
}

template <class Map>
void in_read(const std::string& name, const std::string& directory) {
  Map map = created<Map>(name, directory);
  store(map, 0, 100);
  map.promote();
}

template <class Map>
void with_dirty(const std::string& name, const std::string& directory) {
  Map map = created<Map>(name, directory);
  store(map, 0, 100);
  map.promote();
  erase(map, 10, 20);
  store(map, 100, 140);
}

template <class Map>
void with_standby(const std::string& name, const std::string& directory) {
  Map map = created<Map>(name, directory);
  store(map, 0, 100);
  map.promote();
  store(map, 100, 140);
  map.prepare_standby();
  store(map, 140, 150);  // marked: the standby has not got these
}

// Slots that left dirty, slots that wait to be reaped, slots in the free list, and a map whose name
// was removed.
template <class Map>
void expunged(const std::string& name, const std::string& directory) {
  Map map = created<Map>(name, directory);
  store(map, 0, 120);
  map.promote();
  erase(map, 0, 60);
  store(map, 120, 125);  // dirty is built without the absent
  map.promote();
  map.sweep();
  erase(map, 60, 100);
  store(map, 125, 130);
  map.promote();
  erase(map, 100, 102);
  store(map, 130, 133);
  map.raw().view.header->roots.retired.store(1);
}

void full_of_numbers(const std::string& name, const std::string& directory) {
  numbers_map map = created<numbers_map>(name, directory, most_keys);
  try {
    store(map, 0, 2 * most_keys);
  } catch (const twinmap::error&) {
  }
  erase(map, 0, 3);
}

void full_of_texts(const std::string& name, const std::string& directory) {
  texts_map map = created<texts_map>(name, directory);
  try {
    for (std::uint64_t i = 0; i != most_keys; ++i)
      map.store(text_key(i), std::string(9'000 + 13 * i, 'f'));
  } catch (const twinmap::error&) {
  }
  erase(map, 0, 3);
}

// Blocks of whole chunks: 65 to 200 KiB.
void with_huge_values(const std::string& name, const std::string& directory) {
  texts_map map = created<texts_map>(name, directory);
  store(map, 4, 20);
  map.store(text_key(0), std::string(200'000, 'h'));
  map.store(text_key(1), std::string(66'000, 'u'));
  map.promote();
  map.store(text_key(2), std::string(70'000, 'g'));
  map.store(text_key(3), std::string(17'000, 'e'));
  map.store(text_key(1), "small again");
  map.store(text_key(20), "in dirty");
}

// Ends the process that computes an update.
struct deadly final : twinmap::protocol::updater {
  twinmap::protocol::update_step step(bool, twinmap::protocol::bytes,
                                      twinmap::protocol::value_buffer&) override {
    ::kill(::getpid(), SIGKILL);
    return twinmap::protocol::update_step::keep;
  }
};

// One writer after another dies with blocks and slots in its hands.
template <class Map>
void let_some_die(const std::string& name, const std::string& directory) {
  for (std::uint64_t i = 0; i != 3; ++i) {
    test_support::child dying([&] {
      Map map(attach_mode::open_only, name, small<Map>(directory));
      store(map, 100 + 10 * i, 110 + 10 * i);
      erase(map, 100 + 10 * i, 104 + 10 * i);
      deadly end;
      twinmap::protocol::value_buffer previous;
      twinmap::protocol::value_buffer standing;
      bool had = false;
      const std::byte key[8]{};
      map.raw().update(map.raw().key(key, sizeof key), end, previous, had, standing);
    });
    dying.wait();
  }
}

// As if the last of them had died with the mutex, in the middle of an insert.
void leave_the_mutex_held(const std::string& name, const std::string& directory) {
  const test_maps::segment_bytes bytes(directory + "/twinmap." + name);
  twinmap::storage::segment_header& header = bytes.header();
  for (std::uint32_t slot = 0; slot != header.constant.max_writers; ++slot) {
    const auto& page = *reinterpret_cast<twinmap::storage::lease_page*>(
        bytes.base() + header.constant.leases.offset + slot * twinmap::storage::lease_stride);
    if (page.who.held.load() != 0)
      header.locked.mutex.store(
          twinmap::platform::mutex_layout::owner_word({slot, page.who.incarnation.load()}));
  }
  header.locked.intent_slot.store(header.locked.slots_used.load() - 1);
}

template <class Map>
void after_kills(const std::string& name, const std::string& directory) {
  {
    Map map = created<Map>(name, directory);
    store(map, 0, 100);
    map.promote();
  }
  let_some_die<Map>(name, directory);
  leave_the_mutex_held(name, directory);
}

}  // namespace

std::uint64_t number_key(std::uint64_t i) {
  return i * 1000 + 1;
}

std::string text_key(std::uint64_t i) {
  const std::string number = std::to_string(i);
  return i % 4 == 3 ? number + " is too long for a slot " + std::string(50 + i % 30, 'k') : number;
}

std::string text_value(std::uint64_t i) {
  std::string value(i % 3 == 0 ? 7 : 20 + i * 7 % 400, '\0');
  test_maps::fill_self_verifying(value, i);
  return value;
}

const std::vector<victim>& victims() {
  static const std::vector<victim> all{
      {"NumbersJustMade", flavour::numbers, just_made<numbers_map>},
      {"NumbersInRead", flavour::numbers, in_read<numbers_map>},
      {"NumbersWithDirty", flavour::numbers, with_dirty<numbers_map>},
      {"NumbersWithStandby", flavour::numbers, with_standby<numbers_map>},
      {"NumbersExpungedAndRetired", flavour::numbers, expunged<numbers_map>},
      {"NumbersFull", flavour::numbers, full_of_numbers},
      {"NumbersAfterKills", flavour::numbers, after_kills<numbers_map>},
      {"TextsJustMade", flavour::texts, just_made<texts_map>},
      {"TextsInRead", flavour::texts, in_read<texts_map>},
      {"TextsWithDirty", flavour::texts, with_dirty<texts_map>},
      {"TextsWithStandby", flavour::texts, with_standby<texts_map>},
      {"TextsExpungedAndRetired", flavour::texts, expunged<texts_map>},
      {"TextsHuge", flavour::texts, with_huge_values},
      {"TextsFull", flavour::texts, full_of_texts},
      {"TextsAfterKills", flavour::texts, after_kills<texts_map>}};
  return all;
}

std::uint8_t number_of_victim(std::string_view name) {
  for (std::size_t i = 0; i != victims().size(); ++i)
    if (victims()[i].name == name) return static_cast<std::uint8_t>(i);
  throw std::invalid_argument("there is no victim " + std::string(name));
}

}  // namespace garbage_tests
