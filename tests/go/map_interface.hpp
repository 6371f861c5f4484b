// The operations that sync.Map and twinmap share, over string keys and 64-bit values, so that one
// test drives the map under test, the same map with a poor hash, and references too simple to be
// wrong.
#pragma once

#include <maps/raw_map.hpp>
#include <twinmap/map.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>

namespace go_tests {

using value = std::int64_t;

class map_interface {
 public:
  virtual ~map_interface() = default;
  virtual std::optional<value> load(const std::string& key) = 0;
  virtual void store(const std::string& key, value v) = 0;
  virtual std::pair<value, bool> load_or_store(const std::string& key, value v) = 0;
  virtual std::optional<value> exchange(const std::string& key, value v) = 0;
  virtual bool erase(const std::string& key) = 0;
  virtual std::optional<value> load_and_erase(const std::string& key) = 0;
  virtual bool compare_exchange(const std::string& key, value expected, value desired) = 0;
  virtual bool compare_erase(const std::string& key, value expected) = 0;
  virtual void clear() = 0;
  virtual void for_each(const std::function<bool(const std::string&, value)>& f) = 0;
};

// A map that already has these members under these names.
template <class Map>
class adapted : public map_interface {
 public:
  explicit adapted(Map map) : map_(std::move(map)) {}
  std::optional<value> load(const std::string& key) override { return map_.load(key); }
  void store(const std::string& key, value v) override { map_.store(key, v); }
  std::pair<value, bool> load_or_store(const std::string& key, value v) override {
    return map_.load_or_store(key, v);
  }
  std::optional<value> exchange(const std::string& key, value v) override {
    return map_.exchange(key, v);
  }
  bool erase(const std::string& key) override { return map_.erase(key); }
  std::optional<value> load_and_erase(const std::string& key) override {
    return map_.load_and_erase(key);
  }
  bool compare_exchange(const std::string& key, value expected, value desired) override {
    return map_.compare_exchange(key, expected, desired);
  }
  bool compare_erase(const std::string& key, value expected) override {
    return map_.compare_erase(key, expected);
  }
  void clear() override { map_.clear(); }
  void for_each(const std::function<bool(const std::string&, value)>& f) override {
    map_.for_each(f);
  }

 private:
  Map map_;
};

enum class hashing { good, bad, truncated };

inline std::string name_of(hashing kind) {
  switch (kind) {
    case hashing::good:
      return "GoodHash";
    case hashing::bad:
      return "BadHash";
    case hashing::truncated:
      return "TruncatedHash";
  }
  return "?";
}

// Attaches to `name`, making it if there is none. The good hash goes through the public interface;
// the others need a setting that users do not have.
inline std::unique_ptr<map_interface> attach(const std::string& name, hashing kind) {
  constexpr std::uint64_t bytes = 64ull << 20;
  if (kind == hashing::good) {
    using public_map = twinmap::map<std::string, value>;
    return std::make_unique<adapted<public_map>>(
        public_map(twinmap::open_or_create, name, {.max_bytes = bytes}));
  }
  using raw = test_maps::raw_map<std::string, value>;
  test_maps::raw_settings settings;
  settings.max_bytes = bytes;
  settings.hash_mask = kind == hashing::bad ? test_maps::all_collide : test_maps::truncated;
  return std::make_unique<adapted<raw>>(
      raw(test_maps::attach_mode::open_or_create, name, settings));
}

// A std::map behind a reader-writer lock.
class locked_map : public map_interface {
 public:
  std::optional<value> load(const std::string& key) override {
    const std::shared_lock lock(mutex_);
    const auto found = map_.find(key);
    return found == map_.end() ? std::nullopt : std::optional(found->second);
  }
  void store(const std::string& key, value v) override {
    const std::unique_lock lock(mutex_);
    map_[key] = v;
  }
  std::pair<value, bool> load_or_store(const std::string& key, value v) override {
    const std::unique_lock lock(mutex_);
    const auto [at, inserted] = map_.try_emplace(key, v);
    return {at->second, !inserted};
  }
  std::optional<value> exchange(const std::string& key, value v) override {
    const std::unique_lock lock(mutex_);
    const auto [at, inserted] = map_.try_emplace(key, v);
    if (inserted) return std::nullopt;
    return std::exchange(at->second, v);
  }
  bool erase(const std::string& key) override {
    const std::unique_lock lock(mutex_);
    return map_.erase(key) != 0;
  }
  std::optional<value> load_and_erase(const std::string& key) override {
    const std::unique_lock lock(mutex_);
    const auto node = map_.extract(key);
    return node.empty() ? std::nullopt : std::optional(node.mapped());
  }
  bool compare_exchange(const std::string& key, value expected, value desired) override {
    const std::unique_lock lock(mutex_);
    const auto found = map_.find(key);
    if (found == map_.end() || found->second != expected) return false;
    found->second = desired;
    return true;
  }
  bool compare_erase(const std::string& key, value expected) override {
    const std::unique_lock lock(mutex_);
    const auto found = map_.find(key);
    if (found == map_.end() || found->second != expected) return false;
    map_.erase(found);
    return true;
  }
  void clear() override {
    const std::unique_lock lock(mutex_);
    map_.clear();
  }
  void for_each(const std::function<bool(const std::string&, value)>& f) override {
    std::map<std::string, value> copy;
    {
      const std::shared_lock lock(mutex_);
      copy = map_;
    }
    for (const auto& [key, v] : copy)
      if (!f(key, v)) return;
  }

 private:
  std::shared_mutex mutex_;
  std::map<std::string, value> map_;
};

// An immutable std::map that every change replaces by a changed copy.
class copied_map : public map_interface {
 public:
  std::optional<value> load(const std::string& key) override {
    const auto found = map_->find(key);
    return found == map_->end() ? std::nullopt : std::optional(found->second);
  }
  void store(const std::string& key, value v) override {
    change([&](auto& map) { map[key] = v; });
  }
  std::pair<value, bool> load_or_store(const std::string& key, value v) override {
    if (const auto standing = load(key)) return {*standing, true};
    store(key, v);
    return {v, false};
  }
  std::optional<value> exchange(const std::string& key, value v) override {
    const auto previous = load(key);
    store(key, v);
    return previous;
  }
  bool erase(const std::string& key) override { return load_and_erase(key).has_value(); }
  std::optional<value> load_and_erase(const std::string& key) override {
    const auto previous = load(key);
    if (previous) change([&](auto& map) { map.erase(key); });
    return previous;
  }
  bool compare_exchange(const std::string& key, value expected, value desired) override {
    if (load(key) != std::optional(expected)) return false;
    store(key, desired);
    return true;
  }
  bool compare_erase(const std::string& key, value expected) override {
    return load(key) == std::optional(expected) && erase(key);
  }
  void clear() override { map_ = std::make_shared<contents>(); }
  void for_each(const std::function<bool(const std::string&, value)>& f) override {
    const auto snapshot = map_;
    for (const auto& [key, v] : *snapshot)
      if (!f(key, v)) return;
  }

 private:
  using contents = std::map<std::string, value>;
  template <class F>
  void change(F f) {
    auto copy = std::make_shared<contents>(*map_);
    f(*copy);
    map_ = std::move(copy);
  }
  std::shared_ptr<const contents> map_ = std::make_shared<contents>();
};

}  // namespace go_tests
