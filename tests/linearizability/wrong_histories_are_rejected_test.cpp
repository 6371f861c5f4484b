// Histories written by hand: each wrong one shows a mistake that a map could make, and stands
// beside a right one that differs in little.

#include <gtest/gtest.h>

#include "checker.hpp"
#include "oracle.hpp"

#include <string>
#include <vector>

namespace linearizability {
namespace {

constexpr content nothing;

struct interval {
  std::uint64_t invoked;
  std::uint64_t returned;
};

// One operation: when, which member, and what came back.
operation made(interval when, member what, std::uint64_t value, content seen, bool held) {
  operation op;
  op.what = what;
  op.invoked = when.invoked;
  op.returned = when.returned;
  op.value = value;
  op.seen = seen;
  op.held = held;
  return op;
}
operation load(interval when, content seen) {
  return made(when, member::load, 0, seen, false);
}
operation load_many(interval when, content seen) {
  return made(when, member::load_many, 0, seen, false);
}
operation visit(interval when, content seen) {
  return made(when, member::for_each, 0, seen, false);
}
operation contains(interval when, bool held) {
  return made(when, member::contains, 0, nothing, held);
}
operation store(interval when, std::uint64_t value) {
  return made(when, member::store, value, nothing, false);
}
operation load_or_store(interval when, std::uint64_t value, std::uint64_t stands, bool loaded) {
  return made(when, member::load_or_store, value, stands, loaded);
}
operation exchange(interval when, std::uint64_t value, content previous) {
  return made(when, member::exchange, value, previous, false);
}
operation erase(interval when, bool held) {
  return made(when, member::erase, 0, nothing, held);
}
operation load_and_erase(interval when, content previous) {
  return made(when, member::load_and_erase, 0, previous, false);
}
operation compare_exchange(interval when, std::uint64_t expected, std::uint64_t value, bool held) {
  operation op = made(when, member::compare_exchange, value, nothing, held);
  op.expected = expected;
  return op;
}
operation compare_erase(interval when, std::uint64_t expected, bool held) {
  operation op = made(when, member::compare_erase, 0, nothing, held);
  op.expected = expected;
  return op;
}
operation fetch_add(interval when, std::uint64_t delta, std::uint64_t old) {
  return made(when, member::fetch_add, delta, old, false);
}
operation update(interval when, std::uint64_t value, content given) {
  return made(when, member::update, value, given, false);
}
operation clear(interval when) {
  return made(when, member::clear, 0, nothing, false);
}

struct written {
  const char* name;
  std::vector<operation> history;
};

const std::vector<written> wrong{
    {"a value from nowhere", {load({1, 2}, 7)}},
    {"a store is lost", {store({1, 2}, 7), load({3, 4}, nothing)}},
    {"a stale value", {store({1, 2}, 7), store({3, 4}, 8), load({5, 6}, 7)}},
    {"seen, then un-seen", {store({1, 9}, 7), load({2, 3}, 7), load({4, 5}, nothing)}},
    {"seen before it was invoked", {load({1, 2}, 7), store({3, 4}, 7)}},
    {"two orders of two stores",
     {store({1, 9}, 7), store({1, 9}, 8), load({2, 3}, 7), load({4, 5}, 8), load({6, 7}, 7)}},
    {"two readers see two orders",
     {store({1, 2}, 7), store({1, 3}, 8), load({4, 5}, 7), load({4, 6}, 8)}},
    {"present, says contains, after an erase",
     {store({1, 2}, 7), erase({3, 4}, true), contains({5, 6}, true)}},
    {"absent, says contains, after a store", {store({1, 2}, 7), contains({3, 4}, false)}},
    {"load_many misses a key that is present", {store({1, 2}, 7), load_many({3, 4}, nothing)}},
    {"for_each misses a key that is present throughout",
     {store({1, 2}, 7), visit({3, 9}, nothing), load({4, 5}, 7)}},
    {"for_each visits what was erased before it began",
     {store({1, 2}, 7), erase({3, 4}, true), visit({5, 6}, 7)}},
    {"for_each visits with a value that was replaced before",
     {store({1, 2}, 7), store({3, 4}, 8), visit({5, 6}, 7)}},
    {"load_or_store twice stores",
     {load_or_store({1, 4}, 7, 7, false), load_or_store({2, 5}, 8, 8, false)}},
    {"load_or_store loads from nowhere", {load_or_store({1, 2}, 7, 8, true)}},
    {"load_or_store says it stored, and another value stands",
     {load_or_store({1, 2}, 7, 8, false)}},
    {"load_or_store replaces",
     {store({1, 2}, 7), load_or_store({3, 4}, 8, 7, true), load({5, 6}, 8)}},
    {"one value is exchanged twice",
     {store({1, 2}, 7), exchange({3, 6}, 8, 7), exchange({4, 7}, 9, 7)}},
    {"an exchange loses a value that another just returned from storing",
     {exchange({1, 2}, 7, nothing), exchange({3, 4}, 8, nothing)}},
    {"one value is erased twice", {store({1, 2}, 7), erase({3, 6}, true), erase({4, 7}, true)}},
    {"nobody erased it", {store({1, 2}, 7), erase({3, 4}, false)}},
    {"one value is taken twice",
     {store({1, 2}, 7), load_and_erase({3, 6}, 7), load_and_erase({4, 7}, 7)}},
    {"load_and_erase leaves it", {store({1, 2}, 7), load_and_erase({3, 4}, 7), load({5, 6}, 7)}},
    {"two compare_exchange from one value",
     {store({1, 2}, 7), compare_exchange({3, 6}, 7, 8, true),
      compare_exchange({4, 7}, 7, 9, true)}},
    {"compare_exchange fails although the value stands",
     {store({1, 2}, 7), compare_exchange({3, 4}, 7, 8, false)}},
    {"compare_exchange makes an absent key present", {compare_exchange({1, 2}, 0, 8, true)}},
    {"compare_exchange says true and does nothing",
     {store({1, 2}, 7), compare_exchange({3, 4}, 7, 8, true), load({5, 6}, 7)}},
    {"compare_erase removes another value",
     {store({1, 2}, 7), compare_erase({3, 4}, 8, false), load({5, 6}, nothing)}},
    {"compare_erase fails although the value stands",
     {store({1, 2}, 7), compare_erase({3, 4}, 7, false)}},
    {"an addition is lost", {fetch_add({1, 4}, 1, 0), fetch_add({2, 5}, 1, 0)}},
    {"an addition is counted twice",
     {fetch_add({1, 2}, 5, 0), fetch_add({3, 4}, 5, 5), load({5, 6}, 15)}},
    {"a killed addition is counted twice",
     {fetch_add({1, never}, 5, 0), fetch_add({3, 4}, 1, 5), fetch_add({5, 6}, 1, 11)}},
    {"an update is lost", {update({1, 4}, 5, nothing), update({2, 5}, 6, nothing)}},
    {"an update's function was given what never stood", {store({1, 2}, 7), update({3, 4}, 5, 8)}},
    {"a key outlives a clear", {store({1, 2}, 7), clear({3, 4}), load({5, 6}, 7)}},
    {"a clear erases twice",
     {store({1, 2}, 7), clear({3, 12}), load({4, 5}, nothing), store({6, 7}, 8),
      load({8, 9}, nothing)}},
    {"a clear works before it begins", {store({1, 2}, 7), load({3, 4}, nothing), clear({5, 6})}},
    {"a killed store is seen, then un-seen",
     {store({1, 2}, 7), store({3, never}, 8), load({4, 5}, 8), load({6, 7}, 7)}},
    {"a killed store takes effect before its invocation", {load({1, 2}, 8), store({3, never}, 8)}},
    {"a killed store takes effect twice",
     {store({1, never}, 7), load({2, 3}, 7), store({4, 5}, 8), load({6, 7}, 7)}},
    {"a killed clear erases twice",
     {store({1, 2}, 7), clear({3, never}), load({4, 5}, nothing), store({6, 7}, 8),
      load({8, 9}, nothing)}},
    {"a killed compare_exchange changes what it was not to",
     {store({1, 2}, 7), compare_exchange({3, never}, 6, 8, false), load({4, 5}, 8)}},
};

const std::vector<written> right{
    {"nothing at all", {}},
    {"a load of an empty map", {load({1, 2}, nothing)}},
    {"a load beside a store sees it", {store({1, 4}, 7), load({2, 3}, 7)}},
    {"a load beside a store does not see it", {store({1, 4}, 7), load({2, 3}, nothing)}},
    {"intervals that touch overlap", {store({1, 3}, 7), load({3, 4}, nothing)}},
    {"two stores in the other order",
     {store({1, 4}, 7), store({2, 5}, 8), load({6, 7}, 7), load({8, 9}, 7)}},
    {"for_each misses a key that was absent for a moment",
     {store({1, 2}, 7), visit({3, 9}, nothing), erase({4, 5}, true), store({6, 7}, 8)}},
    {"for_each visits a key that came meanwhile", {visit({1, 9}, 7), store({2, 3}, 7)}},
    {"load_or_store: one stores, the other loads",
     {load_or_store({1, 4}, 7, 8, true), load_or_store({2, 5}, 8, 8, false)}},
    {"exchanges in a chain",
     {exchange({1, 9}, 7, 9), exchange({1, 9}, 8, nothing), exchange({1, 9}, 9, 8),
      load({10, 11}, 7)}},
    {"compare_exchange in a chain",
     {store({1, 2}, 7), compare_exchange({3, 9}, 8, 9, true), compare_exchange({3, 9}, 7, 8, true),
      compare_exchange({3, 9}, 7, 10, false)}},
    {"a value comes back (ABA)",
     {store({1, 2}, 7), load({3, 20}, 7), store({4, 5}, 8), store({6, 7}, 7), load({8, 9}, 7)}},
    {"additions in the other order",
     {fetch_add({1, 4}, 5, 3), fetch_add({2, 5}, 3, 0), load({6, 7}, 8)}},
    {"an update after an erase",
     {store({1, 2}, 7), update({3, 9}, 5, nothing), erase({4, 5}, true), load({10, 11}, 5)}},
    {"an update erases", {store({1, 2}, 8), update({3, 4}, 5, 8), contains({5, 6}, false)}},
    {"a clear beside a store, before it", {store({1, 4}, 7), clear({2, 3}), load({5, 6}, 7)}},
    {"a clear beside a store, after it", {store({1, 4}, 7), clear({2, 5}), load({6, 7}, nothing)}},
    {"a key that was inserted anew outlives a clear",
     {store({1, 2}, 7), clear({3, 9}), erase({4, 5}, true), store({6, 7}, 8), load({10, 11}, 8)}},
    {"a killed store never happens",
     {store({1, 2}, 7), store({3, never}, 8), load({4, 5}, 7), load({6, 7}, 7)}},
    {"a killed store happens late",
     {store({1, 2}, 7), store({3, never}, 8), load({4, 5}, 7), load({6, 7}, 8)}},
    {"a killed exchange has taken the value",
     {store({1, 2}, 7), exchange({3, never}, 8, nothing), exchange({4, 5}, 9, 8)}},
    {"a killed erase and a store",
     {store({1, 2}, 7), erase({3, never}, false), load({4, 5}, nothing), store({6, 7}, 8),
      load({8, 9}, 8)}},
    {"a killed compare_exchange succeeds",
     {store({1, 2}, 7), compare_exchange({3, never}, 7, 8, false), load({4, 5}, 8)}},
    {"a killed addition counts once",
     {fetch_add({1, never}, 5, 0), fetch_add({3, 4}, 1, 5), fetch_add({5, 6}, 1, 6)}},
    {"all in flight when they died", {store({1, never}, 7), exchange({2, never}, 8, nothing)}},
};

TEST(WrittenHistories, WrongOnesAreRejected) {
  for (const written& one : wrong) {
    const judgement found = check(one.history);
    EXPECT_EQ(found.result, verdict::violation) << one.name;
    EXPECT_TRUE(found.obstacle.has_value()) << one.name;
    EXPECT_FALSE(some_order_fits(one.history)) << one.name << ": tried by brute force";
  }
}

TEST(WrittenHistories, RightOnesAreAccepted) {
  for (const written& one : right) {
    EXPECT_EQ(check(one.history).result, verdict::linearizable) << one.name;
    EXPECT_TRUE(some_order_fits(one.history)) << one.name << ": tried by brute force";
  }
}

TEST(WrittenHistories, EachMemberHasAWrongOne) {
  for (std::size_t i = 0; i != members; ++i) {
    bool found = false;
    for (const written& one : wrong)
      for (const operation& op : one.history)
        found = found || op.what == static_cast<member>(i);
    EXPECT_TRUE(found) << member_names[i];
  }
}

// A search that is cut off has found nothing out, and says so.
TEST(WrittenHistories, ABoundThatIsMetIsNoVerdict) {
  std::vector<operation> history;
  for (std::uint64_t i = 0; i != 12; ++i)
    history.push_back(store({1, 100}, i));
  history.push_back(load({101, 102}, 99));
  EXPECT_EQ(check(history, {}, 100).result, verdict::undecided);
  EXPECT_EQ(check(history).result, verdict::violation);
}

}  // namespace
}  // namespace linearizability
