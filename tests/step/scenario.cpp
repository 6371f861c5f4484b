#include "scenario.hpp"

#include <twinmap/error.hpp>

#include <cstddef>
#include <cstdint>

namespace step_tests {
namespace {

constexpr flavour numbers = flavour::numbers;
constexpr flavour texts = flavour::texts;
constexpr int filled = 12;  // keys 0 to 11 are in read, every third with a block
constexpr int until_dirty_grows = 36;
constexpr int until_slots_end = 63;               // what a page holds, but for slot 0
constexpr std::size_t deaths_worth_a_sweep = 64;  // the last is found by the stepped process
constexpr int misses_of_a_batch = 64;
constexpr int gathered = 47;  // of the scattered keys: its value moves
constexpr int warm = 11;      // the one with which the stepped process has begun to write

// Few of these, and of the long key, make a chunk, so that a death leaves few that have to be
// looked through; and most of each is what fresh memory is.
const std::string block = std::string(1'400, '\0') + "block";
const std::string other_block = std::string(1'700, '\0') + "other block";
const std::string in_slot = "short";
const std::string large(5000, 'l');  // twelve to a chunk
// Ten to a chunk: what is claimed is taken and given back block by block, and each is a moment.
const std::string of_its_own_class = std::string(5'900, '\0') + "class";
// A chunk of its own, and two. All zero but for their ends, as the memory is: what does not change
// is no moment.
const std::string a_run = std::string(16'385, '\0') + "end";
const std::string of_two_chunks = std::string(70'000, '\0') + "end";
const std::string long_key = "a key that does not fit into a slot" + std::string(1'400, '\0');

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

// Of the keys in read nine are nil.
calls mostly_nil(flavour kind) {
  return in_read(kind) + erase(kind, 0, 9);
}

// And expunged, as dirty was built without them.
calls expunged(flavour kind) {
  return mostly_nil(kind) + store(kind, 20, 21);
}

calls with_a_long_key_expunged() {
  return create() + calls{{"store", long_key, block}} + store(texts, 0, filled) + one("promote") +
         erase(texts, 0, 9) + calls{{"erase", long_key}} + store(texts, 20, 21);
}

calls attached(flavour kind) {
  return one("open_only") + calls{{"store", key_of(kind, warm), value_of(kind, warm)}};
}

calls corpse() {
  return {{"leave_a_corpse", "corpse", of_its_own_class}};
}

// Such as hold a lease and no block: a sweep has little to do for each.
calls dead_writers(std::size_t count) {
  return calls(count, {"leave_a_corpse", "corpse", in_slot});
}

// Of a remover that was killed half way there is only the lock file.
calls left_over() {
  return one("leave_a_lock_file");
}

// Three chunks with one value in each but the first, which has two: the others are gathered there.
calls scattered() {
  constexpr int keys = 36;
  calls all = create();
  for (int i = 0; i != keys; ++i)
    all.push_back({"store", key_of(texts, 30 + i), large});
  for (int i = 0; i != keys; ++i)
    if (i % 12 != 5 && i != 0) all.push_back({"erase", key_of(texts, 30 + i)});
  return all;
}

// Dirty holds as many keys as it can.
calls full_dirty() {
  return in_read(texts) + store(texts, filled, until_dirty_grows);
}

// Values of a chunk each, until there is no chunk left.
calls runs(int first, int last) {
  calls all;
  for (int i = first; i != last; ++i)
    all.push_back({"store", key_of(texts, i), a_run});
  return all;
}

// There is no chunk for a table, and no dirty. The promotion leaves one that still has to go.
calls full_without_dirty() {
  return in_read(texts) + runs(1, 3) + runs(4, 6) + runs(7, 9) + runs(200, 220) + one("promote") +
         runs(10, 11) + runs(0, 1);
}

// Nor one for a larger dirty.
calls full_with_full_dirty() {
  return full_dirty() + runs(4, 6) + runs(7, 9) + runs(filled, until_dirty_grows);
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
  all.push_back({where + "Erasing", kind, prepare, attached(kind), {"update", key}});
  all.push_back(
      {where + "Otherwise", kind, prepare, attached(kind), {"compare_erase", key, {}, fresh}});
  all.push_back(
      {where + "Otherwise", kind, prepare, attached(kind), {"compare_exchange", key, old, fresh}});
}

std::vector<scenario> changes_of_one_key() {
  std::vector<scenario> all;
  change_a_key(all, numbers, "InlineInRead", in_read(numbers), 3, raw(77));
  change_a_key(all, numbers, "InlineInDirty", in_dirty(numbers), 13, raw(77));
  change_a_key(all, numbers, "InlineNil", in_read(numbers) + erase(numbers, 3, 4), 3, raw(77));
  change_a_key(all, numbers, "InlineNew", in_dirty(numbers), 20, raw(77));
  change_a_key(all, numbers, "InlineExpunged", expunged(numbers), 4, raw(77));
  change_a_key(all, texts, "SlotToSlot", in_read(texts), 4, in_slot + "!");
  change_a_key(all, texts, "SlotToBlock", in_read(texts), 4, block);
  change_a_key(all, texts, "BlockToBlock", in_read(texts), 3, other_block);
  change_a_key(all, texts, "BlockToSlot", in_read(texts), 3, in_slot);
  change_a_key(all, texts, "BlockInDirty", in_dirty(texts), 12, other_block);
  change_a_key(all, texts, "NilToBlock", in_read(texts) + erase(texts, 3, 4), 3, block);
  change_a_key(all, texts, "NewWithBlock", in_dirty(texts), 20, block);
  change_a_key(all, texts, "ExpungedToBlock", expunged(texts), 4, block);
  return all;
}

// Stores that find the two maps, or the heap, in each state that they may be in.
std::vector<scenario> stores() {
  std::vector<scenario> all;
  const auto add = [&all](const std::string& path, const std::string& proof, const calls& prepare,
                          const std::string& key, const std::string& value) {
    all.push_back({path, texts, prepare, attached(texts), {"store", key, value}, proof});
  };
  add("BuildsDirty", "dirty_builds", in_read(texts), "new", block);
  add("IntoDirty", "inserts", in_dirty(texts), "new", in_slot);
  add("WithALongKey", "inserts", in_read(texts), long_key, in_slot);
  add("WithALongKeyAndABlock", "inserts", in_dirty(texts), long_key, block);
  add("GrowsDirty", "dirty_growths", full_dirty(), "new", block);
  add("GrowsDirtyCompacting", "expunged",
      full_dirty() + erase(texts, 0, 2) + erase(texts, filled, until_dirty_grows - 4), "new",
      block);
  add("GrowsDirtyBesideAStandby", "dirty_growths", full_dirty() + one("prepare_standby"), "new",
      block);
  add("BuildsDirtyCompacting", "compactions", mostly_nil(texts), "new", in_slot);
  add("ReapsExpungedSlots", "swept_slots", expunged(texts) + one("promote"), "new", in_slot);
  add("ReapsALongKey", "swept_slots", with_a_long_key_expunged() + one("promote"), "new", in_slot);
  add("Unexpunges", "unexpunged", expunged(texts), key_of(texts, 4), block);
  add("UnexpungesALongKey", "unexpunged", with_a_long_key_expunged(), long_key, block);
  add("UnexpungesBesideAStandby", "unexpunged", expunged(texts) + one("prepare_standby"),
      key_of(texts, 4), block);
  add("MakesSlotsResident", "bytes_committed",
      create() + store(texts, 0, until_slots_end - 1) + one("promote") +
          store(texts, until_slots_end - 1, until_slots_end),
      "new", in_slot);
  add("BesideAStandby", "inserts", in_dirty(texts) + one("prepare_standby"), "new", in_slot);
  add("ClaimsAChunk", "bytes_committed", in_dirty(texts), key_of(texts, 3), of_its_own_class);
  add("NewClaimsAChunk", "bytes_committed", in_dirty(texts), "new", of_its_own_class);
  add("ClaimsARun", "bytes_committed", in_dirty(texts), key_of(texts, 3), a_run);
  add("ClaimsARunOfTwo", "bytes_committed", in_dirty(texts), key_of(texts, 3), of_two_chunks);
  add("GivesUpARun", "bytes_used",
      in_dirty(texts) + calls{{"store", key_of(texts, 3), of_two_chunks}}, key_of(texts, 3),
      in_slot);
  add("IntoAChunkThatWasGivenBack", "bytes_committed",
      scattered() + one("gather_some") + one("give_back"), "new", other_block);
  all.push_back({"PurgesInPlace",
                 texts,
                 create() + store(texts, 0, 20) + one("promote") + erase(texts, 0, 6),
                 attached(texts),
                 {"store", "new", block},
                 "purged",
                 20});
  all.push_back({"PurgesALongKey",
                 texts,
                 create() + store(texts, 0, 19) + calls{{"store", long_key, block}} +
                     one("promote") + erase(texts, 0, 6) + calls{{"erase", long_key}},
                 attached(texts),
                 {"store", "new", block},
                 "purged",
                 20});
  all.push_back({.path = "IntoReadForWantOfMemory",
                 .prepare = full_without_dirty(),
                 .approach = attached(texts),
                 .run = {"store", "new", in_slot},
                 .proof = "read_words",
                 .full = true});
  all.push_back({.path = "PromotesForWantOfMemory",
                 .prepare = full_with_full_dirty(),
                 .approach = attached(texts),
                 .run = {"store", "new", in_slot},
                 .proof = "promotions",
                 .full = true});
  return all;
}

// What changes nothing that a user sees, and what changes all of it.
std::vector<scenario> of_the_whole_map() {
  std::vector<scenario> all;
  const auto add = [&all](const std::string& member, const std::string& path,
                          const std::string& proof, const calls& prepare) {
    all.push_back({path, texts, prepare, attached(texts), {member}, proof});
  };
  const calls standby = in_dirty(texts) + one("prepare_standby");
  add("clear", "Mixed", "erases", in_dirty(texts) + erase(texts, 4, 5));
  all.push_back({"Inline", numbers, in_dirty(numbers), attached(numbers), {"clear"}, "erases"});
  add("promote", "WithoutAStandby", "promotions", in_dirty(texts));
  add("promote", "InstallsAStandby", "promotions", standby + store(texts, 14, 16));
  add("promote", "BehindACompaction", "promotions", expunged(texts));
  add("promote", "BehindAnUnexpunge", "promotions",
      expunged(texts) + one("prepare_standby") + store(texts, 4, 5));
  add("promote_as_caretaker", "InstallsAStandby", "promotions_by_caretaker", standby);
  add("compact", "MostlyNil", "compactions", mostly_nil(texts));
  add("compact", "Amended", "compactions", in_dirty(texts) + erase(texts, 0, 10));
  add("prepare_standby", "OfDirty", "bytes_used", in_dirty(texts));
  add("prepare_standby_some", "OfDirty", "bytes_used", in_dirty(texts));
  add("caretaker", "Comes", "", in_dirty(texts));
  add("answer", "Held", "", in_dirty(texts));
  add("tend", "BesideADeadOne", "", in_dirty(texts) + corpse());
  add("sweep", "AfterADeath", "swept_blocks", in_dirty(texts) + corpse());
  add("sweep", "WithNothingToDo", "sweeps", in_dirty(texts));
  add("sweep", "Reaps", "swept_slots", expunged(texts) + one("promote"));
  add("heap_keeper", "Comes", "", in_dirty(texts));
  add("gather_some", "OfScatteredValues", "", scattered());
  add("give_back", "OfFreeChunks", "bytes_committed", scattered() + one("gather_some"));
  add("commit_ahead", "AfterGivingBack", "bytes_committed",
      scattered() + one("gather_some") + one("give_back"));
  all.push_back({"Promotes",
                 texts,
                 in_dirty(texts),
                 attached(texts) + calls(misses_of_a_batch - 1, {"load", key_of(texts, 13)}),
                 {"load", key_of(texts, 13)},
                 "promotions"});
  return all;
}

std::vector<scenario> comings_and_goings() {
  std::vector<scenario> all;
  const auto add = [&all](const std::string& member, const std::string& path, const calls& prepare,
                          const calls& approach = {}) {
    all.push_back({path, texts, prepare, approach, {member}});
  };
  const auto fails = [&all](twinmap::errc why) { all.back().error = static_cast<int>(why); };
  add("open_only", "OfAMap", in_dirty(texts));
  add("open_only", "BesideADeadOne", in_dirty(texts) + corpse());
  add("open_only", "OfNothing", {});
  fails(twinmap::errc::not_found);
  add("open_or_create", "OfAMap", in_dirty(texts));
  add("open_or_create", "OfNothing", {});
  add("create_only", "BesideALeftOver", left_over());
  add("create_only", "OfNothing", {});
  add("create_only", "OfAMap", in_dirty(texts));
  fails(twinmap::errc::already_exists);
  add("open_read_only", "OfAMap", in_dirty(texts));
  add("close", "AfterWriting", in_dirty(texts), attached(texts));
  add("remove", "Attached", in_dirty(texts), attached(texts));
  // The first write takes the lease that came with the attachment.
  const call first{"store", key_of(texts, 3), other_block};
  all.push_back({"FirstOfAll", texts, in_dirty(texts), one("open_only"), first, "stores"});
  all.push_back({"FirstAfterManyDeaths", texts,
                 in_dirty(texts) + dead_writers(deaths_worth_a_sweep - 1) + corpse(),
                 one("open_only"), first, "sweeps"});
  all.push_back(
      {"InAForkedChild", texts, in_dirty(texts), attached(texts) + one("fork"), first, "stores"});
  all.push_back({"ThatWrote",
                 texts,
                 in_dirty(texts),
                 attached(texts),
                 {"end_a_thread", first.key, first.value},
                 "stores"});
  return all;
}

}  // namespace

std::string scenario::name() const {
  return run.member + "_" + path;
}

std::string key_of(flavour kind, int i) {
  return kind == numbers ? raw(static_cast<std::uint64_t>(i)) : "key " + std::to_string(i);
}

bool scenario::has_map() const {
  return !prepare.empty() && prepare.front().member == "create_only";
}

// What is torn out of two of them is none.
std::string value_of(flavour kind, int i) {
  if (kind == numbers) return raw(static_cast<std::uint64_t>(1000 + i));
  const std::string own = std::to_string(i) + ".";
  if (i % 3 != 0) return own;
  std::string whole;
  while (whole.size() < 100)
    whole += own;
  return whole + std::string(block.size() - whole.size(), '\0');
}

const std::vector<scenario>& mutations() {
  static const std::vector<scenario> all = [] {
    std::vector<scenario> sum = changes_of_one_key();
    for (const auto& more : {stores(), of_the_whole_map(), comings_and_goings()})
      sum.insert(sum.end(), more.begin(), more.end());
    return sum;
  }();
  return all;
}

const std::vector<scenario>& lookups() {
  static const std::vector<scenario> all = [] {
    std::vector<scenario> sum;
    const auto add = [&sum](const std::string& path, flavour kind, const calls& prepare,
                            const call& run) {
      const calls attach = one("open_read_only");
      sum.push_back({path, kind, prepare, attach, run});
      // Its handle knows the tables then: the shortest way.
      if (run.member != "for_each")
        sum.push_back({path + "Again", kind, prepare, attach + calls{run}, run});
    };
    for (const std::string member : {"load", "load_over", "contains"}) {
      add("Inline", numbers, in_dirty(numbers), {member, key_of(numbers, 3)});
      add("InlineInDirty", numbers, in_dirty(numbers), {member, key_of(numbers, 13)});
      add("InlineAbsent", numbers, in_dirty(numbers), {member, key_of(numbers, 99)});
      add("InSlot", texts, in_dirty(texts), {member, key_of(texts, 4)});
      add("InBlock", texts, in_dirty(texts), {member, key_of(texts, 3)});
      add("BlockInDirty", texts, in_dirty(texts), {member, key_of(texts, 12)});
      add("LongKey", texts, in_dirty(texts) + calls{{"store", long_key, block}},
          {member, long_key});
      add("Absent", texts, in_dirty(texts), {member, key_of(texts, 99)});
      add("Nil", texts, in_read(texts) + erase(texts, 3, 4), {member, key_of(texts, 3)});
      add("Expunged", texts, expunged(texts), {member, key_of(texts, 3)});
      add("Scattered", texts, scattered(), {member, key_of(texts, gathered)});
    }
    call many{"load_many"};
    for (flavour kind : {numbers, texts}) {
      many.keys.clear();
      for (int i = 2; i != 15; ++i)
        many.keys.push_back(key_of(kind, i));
      add(kind == numbers ? "Numbers" : "Texts", kind, in_dirty(kind), many);
      add(kind == numbers ? "Numbers" : "Texts", kind, in_dirty(kind), {"for_each"});
    }
    // One that may write counts what it misses.
    for (flavour kind : {numbers, texts})
      sum.push_back({kind == numbers ? "ByAWriterInline" : "ByAWriter",
                     kind,
                     in_dirty(kind),
                     attached(kind),
                     {"load", key_of(kind, 12)}});
    return sum;
  }();
  return all;
}

}  // namespace step_tests
