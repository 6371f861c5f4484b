// Threads and their leases: who may write, and what a thread leaves when it ends.

#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <new>
#include <unordered_map>

#include <pthread.h>

namespace twinmap::protocol {

using storage::counter;

void spare_lease::put(platform::lease& lease) {
  // Never waits, as `take`.
  const std::unique_lock guard(mutex_, std::try_to_lock);
  if (guard.owns_lock() && !lease_.valid()) lease_ = std::move(lease);
}

platform::lease spare_lease::take() {
  // Never waits: a lookup that finds it busy goes without (P1).
  const std::unique_lock guard(mutex_, std::try_to_lock);
  return guard.owns_lock() && lease_.valid() ? std::move(lease_) : platform::lease{};
}

namespace {

/// Handles of this process that are attached, so that a thread's end finds only those that still
/// exist. Its lock and those of the handles are taken around fork, or a child could find one held
/// for ever.
class handle_registry {
 public:
  handle_registry() {
    pthread_atfork([] { instance().lock_all(); }, [] { instance().unlock_all(); },

                   [] { instance().go_on_in_child(); });
  }
  static handle_registry& instance() {
    static handle_registry* const registry =
        new handle_registry;  // outlives every thread-local destructor
    return *registry;
  }
  std::uint64_t add(process_state& state) {
    const std::lock_guard guard(mutex_);
    attached_.emplace(++last_id_, &state);
    return last_id_;
  }
  void remove(std::uint64_t id) {
    const std::lock_guard guard(mutex_);
    attached_.erase(id);
  }
  template <class F>
  void with(std::uint64_t id, F f) {
    const std::lock_guard guard(mutex_);
    if (const auto found = attached_.find(id); found != attached_.end()) f(*found->second);
  }

 private:
  void lock_all() {
    mutex_.lock();
    for (const auto& [id, state] : attached_) {
      state->threads_mutex.lock();
      state->spare.lock();
    }
  }
  /// What the parent's threads had counted and not published is the parent's to publish.
  void go_on_in_child() {
    for (const auto& [id, state] : attached_)
      for (const auto& thread : state->threads)
        thread->published.assign(thread->counters);
    unlock_all();
  }
  void unlock_all() {
    for (const auto& [id, state] : attached_) {
      state->spare.unlock();
      state->threads_mutex.unlock();
    }
    mutex_.unlock();
  }

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, process_state*> attached_;
  std::uint64_t last_id_ = 0;
};

/// True once this thread's `my_states` is gone: destructors that run later must not touch it. No
/// destructor of its own.
thread_local bool states_gone = false;

/// A thread's states, by handle id.
class states_of_thread {
 public:
  ~states_of_thread() {
    states_gone = true;
    for (const auto& [id, mine] : states_) {
      if (mine == nullptr) continue;  // there was no memory for one
      handle_registry::instance().with(
          id, [mine = mine](process_state& state) { leave(state, *mine); });
    }
  }
  thread_state*& operator[](std::uint64_t id) {
    constexpr std::size_t many = 64;
    if (states_.size() >= many && !states_.contains(id)) forget_detached();
    return states_[id];
  }

 private:
  /// A thread that attaches and detaches for ever keeps no memory of it.
  void forget_detached() {
    std::erase_if(states_, [](const auto& entry) {
      bool attached = false;
      handle_registry::instance().with(entry.first,
                                       [&attached](process_state&) { attached = true; });
      return !attached;
    });
  }
  static void leave(process_state& state, thread_state& mine) {
    const std::lock_guard guard(state.threads_mutex);
    if (mine.lease.valid()) {
      auto* page =
          reinterpret_cast<storage::lease_page*>(&state.leases.record(mine.lease.id().slot));
      auto* stacks = reinterpret_cast<storage::private_stacks*>(mine.lease.private_memory());
      state.blocks.flush({mine.lease.id(), page, stacks});
      mine.lease.release();
    }
    mine.idle = true;
  }
  std::unordered_map<std::uint64_t, thread_state*> states_;
};

thread_local states_of_thread my_states;

/// A state that no thread uses, or a new one.
thread_state& adopt_state(process_state& state) {
  const std::lock_guard guard(state.threads_mutex);
  for (const auto& other : state.threads) {
    if (!other->idle) continue;
    other->idle = false;
    return *other;
  }
  return *state.threads.emplace_back(std::make_unique<thread_state>());
}

platform::lease take_lease(handle& map) {
  process_state& state = map.state();
  bool found_dead = false;
  // All lease pages were made resident when the map was created.
  platform::lease taken = platform::lease::take(
      state.locks, state.leases, map.view.header->locked.mutex, sizeof(storage::private_stacks),
      [](std::uint32_t) {}, found_dead);
  // A holder that died between a CAS and its counter left the mark of it.
  storage::lease_page& page = map.view.lease(taken.id().slot);
  if (const std::uint64_t moment = page.transitions.load(std::memory_order_relaxed);
      moment % 2 == 1)
    page.transitions.store(moment + 1, std::memory_order_release);  // (N1)
  if (found_dead) note_death(map.view);
  ring(map.view);
  return taken;
}

}  // namespace

std::uint64_t register_handle(process_state& state) {
  return handle_registry::instance().add(state);
}
void unregister_handle(std::uint64_t id) {
  handle_registry::instance().remove(id);
}

void provide_spare_lease(handle& map) {
  try {
    platform::lease taken = take_lease(map);
    map.state().spare.put(taken);
  } catch (const error& failure) {
    // Reading needs no lease; the first write says what is wrong.
    if (failure.code() != errc::too_many_writers && !map.created()) throw;
  } catch (const std::bad_alloc&) {
    if (!map.created()) throw;  // what was made is there now, and others may be in it
  }
}

thread_cache::line handle::attach_thread() const try {
  // A destructor that runs after the thread's own: whatever it takes goes with the handle.
  thread_state* mine = states_gone ? nullptr : my_states[id_];
  if (mine == nullptr) {
    mine = &adopt_state(*state_);
    if (!states_gone) my_states[id_] = mine;
  }
  return {.counters = &mine->counters, .thread = mine};
} catch (const std::bad_alloc&) {
  // Lookups need no state of their own; a write asks again (state_of_writer).
  return {.counters = &state_->without_memory.counters, .thread = &state_->without_memory};
}

namespace {

/// A lease for a thread that has none, or only its parent's. Out of line: most writes have one.
[[gnu::noinline]] void provide_lease(handle& map, thread_state& mine) {
  process_state& state = map.state();
  if (map.read_only())
    raise(errc::read_only, map.name(), "the handle was attached with open_read_only");
  mine.lease = state.spare.take();
  if (!mine.lease.valid()) mine.lease = take_lease(map);
  constexpr std::uint32_t deaths_worth_a_sweep = 64;
  if (map.view.roots->sweep_wanted.load(std::memory_order_relaxed) >= deaths_worth_a_sweep)
    sweep_in_passing(map);
}

/// The calling thread's own state. Raises std::bad_alloc if there is still no memory for one.
thread_state& state_of_writer(handle& map) {
  const thread_state& nobodys = map.state().without_memory;
  if (thread_state& mine = map.thread(); &mine != &nobodys) [[likely]]
    return mine;
  map.cache_line_of_thread().handle = 0;
  thread_state& mine = map.thread();
  if (&mine == &nobodys) throw std::bad_alloc();
  return mine;
}

}  // namespace

writer begin_care(handle& map) {
  thread_state& mine = state_of_writer(map);
  if (!mine.lease.valid()) [[unlikely]]
    provide_lease(map, mine);
  return writer_of(map, mine);
}

writer begin_write(handle& map) {
  if (map.retired() && !map.state().request.keep_on_retired)
    raise(errc::retired, map.name(), "the name was removed, and on_retired is fail");
  return begin_care(map);
}

void publish_counters(const writer& by) noexcept {
  lookup_counters& now = by.thread.counters;
  lookup_counters& before = by.thread.published;
  const auto publish = [&by](std::atomic<std::uint64_t>& current, std::atomic<std::uint64_t>& last,
                             counter which) {
    const std::uint64_t value = current.load(std::memory_order_relaxed);
    const std::uint64_t fresh = value - last.load(std::memory_order_relaxed);
    if (fresh == 0) return;
    by.count(which, fresh);
    last.store(value, std::memory_order_relaxed);
  };
  publish(now.hits_read, before.hits_read, counter::hits_read);
  publish(now.hits_dirty, before.hits_dirty, counter::hits_dirty);
  publish(now.misses, before.misses, counter::misses);
  publish(now.retries, before.retries, counter::retries);
}

void handle::publish_misses() const {
  if (read_only()) return;
  storage::segment_header& header = *view.header;
  header.misses.total.fetch_add(miss_batch_, std::memory_order_relaxed);
  if (!promotion_due(view) || left_to_caretaker(*this)) return;
  // A holder may be stopped: lookups then go on at full speed, without what a promotion needs (P3).
  if (platform::robust_mutex::is_held(header.locked.mutex)) return;
  thread_state& mine = thread();
  auto& map = const_cast<handle&>(*this);
  if (mine.lease.valid()) {
    writer by = writer_of(map, mine);
    publish_counters(by);
    locked_section::try_promote(by);
    return;
  }
  platform::lease borrowed = state_->spare.take();
  if (!borrowed.valid()) return;
  thread_state passing;
  passing.lease = std::move(borrowed);
  writer by = writer_of(map, passing);
  locked_section::try_promote(by);
  state_->spare.put(passing.lease);
  // Somebody has it locked: this thread keeps the lease, rather than wait or make the system call
  // that gives it back.
  if (passing.lease.valid() && &mine != &state_->without_memory)
    mine.lease = std::move(passing.lease);
}

std::uint64_t sum_of_sizes(const segment_view& view) noexcept {
  auto sum = static_cast<std::uint64_t>(
      view.header->counts.size_correction.load(std::memory_order_relaxed));
  for (std::uint32_t slot = 0; slot != view.constant.max_writers; ++slot)
    sum += static_cast<std::uint64_t>(view.lease(slot).size_delta.load(std::memory_order_relaxed));
  return sum;
}

std::uint64_t count_size(const segment_view& view) noexcept {
  const std::uint64_t sum = sum_of_sizes(view);
  return static_cast<std::int64_t>(sum) < 0 ? 0 : sum;
}

void raise_no_space(const handle& map, std::uint64_t needed, const char* what) {
  const storage::header_constant& constant = map.view.constant;
  // Nothing grows on a limit that is not believed (P6), and the file system is not to blame for it.
  if (storage::unseal(map.view.seal_seed, storage::sealed::chunks,
                      map.view.roots->heap_committed.load(std::memory_order_acquire)) == 0)  // (V1)
    map.raise_corrupted("heap_committed does not agree with its check");
  raise(errc::no_space, map.name(),
        std::to_string(needed) + " bytes for " + what + " are not to be had: max_bytes is " +
            std::to_string(constant.file_size) + ", " +
            std::to_string(map.state().file.resident_bytes()) + " are in memory");
}

}  // namespace twinmap::protocol
