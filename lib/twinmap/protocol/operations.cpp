// The map's operations as mutations: what each decides on what stands.

#include <twinmap/protocol/mutation.hpp>

#include <algorithm>

namespace twinmap::protocol {

using storage::counter;

namespace {

void copy_to(value_buffer& out, bytes value) {
  std::copy(value.begin(), value.end(), out.resize(value.size()));
}

/// Into a buffer of the caller's.
struct buffer_taker final : value_taker {
  explicit buffer_taker(value_buffer& to) : out(to) {}
  void take(bytes value) override { copy_to(out, value); }
  value_buffer& out;
};

struct store_operation final : mutation {
  explicit store_operation(bytes value) {
    desired = value;
    counts_miss = false;
  }
  update_step decide(bool, bytes) override { return update_step::put; }
};

struct exchange_operation final : mutation {
  exchange_operation(bytes value, value_taker& out) : previous(out) {
    desired = value;
    wants_value = true;
    counts_miss = false;
  }
  update_step decide(bool present, bytes current) override {
    had = present;
    if (present) previous.take(current);
    return update_step::put;
  }
  value_taker& previous;
  bool had = false;
};

struct load_or_store_operation final : mutation {
  load_or_store_operation(bytes value, value_taker& out) : standing(out) {
    desired = value;
    wants_value = true;
  }
  update_step decide(bool present, bytes current) override {
    loaded = present;
    standing.take(present ? current : desired);
    return present ? update_step::keep : update_step::put;
  }
  value_taker& standing;
  bool loaded = false;
};

struct erase_operation final : mutation {
  explicit erase_operation(value_taker* out) : previous(out) {
    wants_value = out != nullptr;
    counted = counter::erases;
  }
  update_step decide(bool present, bytes current) override {
    erased = present;
    if (present && previous != nullptr) previous->take(current);
    return update_step::remove;
  }
  value_taker* previous;
  bool erased = false;
};

/// compare_exchange, and compare_erase where there is nothing desired.
struct compare_operation final : mutation {
  compare_operation(bytes wanted, const bytes* replacement)
      : expected(wanted), erases(replacement == nullptr) {
    if (replacement != nullptr) desired = *replacement;
    wants_value = true;
    counted = erases ? counter::erases : counter::stores;
  }
  update_step decide(bool present, bytes current) override {
    held = present && std::equal(current.begin(), current.end(), expected.begin(), expected.end());
    if (!held) return update_step::keep;
    return erases ? update_step::remove : update_step::put;
  }
  bytes expected;
  bool erases;
  bool held = false;
};

struct update_operation final : mutation {
  update_operation(updater& function, value_buffer& before, value_buffer& after)
      : f(function), previous(before), standing(after) {
    wants_value = true;
  }
  update_step decide(bool present, bytes current) override {
    had = present;
    if (present) copy_to(previous, current);
    const update_step step = f.step(present, current, standing);
    stands = step == update_step::put || (step == update_step::keep && present);
    if (step == update_step::keep && present) copy_to(standing, current);
    desired = standing.view();
    return step;
  }
  updater& f;
  value_buffer& previous;
  value_buffer& standing;
  bool had = false;
  bool stands = false;
};

}  // namespace

void handle::store(key_view key, bytes value) {
  store_operation operation(value);
  mutate(*this, key, operation);
}

bool handle::exchange(key_view key, bytes value, value_buffer& previous) {
  buffer_taker taker(previous);
  return exchange(key, value, taker);
}

bool handle::exchange(key_view key, bytes value, value_taker& previous) {
  exchange_operation operation(value, previous);
  mutate(*this, key, operation);
  return operation.had;
}

bool handle::load_or_store(key_view key, bytes value, value_buffer& standing) {
  buffer_taker taker(standing);
  return load_or_store(key, value, taker);
}

bool handle::load_or_store(key_view key, bytes value, value_taker& standing) {
  load_or_store_operation operation(value, standing);
  mutate(*this, key, operation);
  return operation.loaded;
}

bool handle::erase(key_view key) {
  erase_operation operation(nullptr);
  mutate(*this, key, operation);
  return operation.erased;
}

bool handle::load_and_erase(key_view key, value_buffer& previous) {
  buffer_taker taker(previous);
  return load_and_erase(key, taker);
}

bool handle::load_and_erase(key_view key, value_taker& previous) {
  erase_operation operation(&previous);
  mutate(*this, key, operation);
  return operation.erased;
}

bool handle::compare_exchange(key_view key, bytes expected, bytes desired) {
  compare_operation operation(expected, &desired);
  mutate(*this, key, operation);
  return operation.held;
}

bool handle::compare_erase(key_view key, bytes expected) {
  compare_operation operation(expected, nullptr);
  mutate(*this, key, operation);
  return operation.held;
}

bool handle::update(key_view key, updater& f, value_buffer& previous, bool& had,
                    value_buffer& standing) {
  update_operation operation(f, previous, standing);
  mutate(*this, key, operation);
  had = operation.had;
  return operation.stands;
}

}  // namespace twinmap::protocol
