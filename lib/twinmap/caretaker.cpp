#include <twinmap/caretaker.hpp>
#include <twinmap/map_access.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/standby.hpp>

#include <algorithm>
#include <array>

namespace twinmap {

void wait_for(std::span<const bell> bells, std::chrono::nanoseconds timeout) noexcept {
  std::array<platform::futex_watch, max_bells> watches{};
  static_assert(max_bells <= platform::max_futex_watches);
  const std::size_t count = std::min(bells.size(), watches.size());
  for (std::size_t i = 0; i != count; ++i)
    watches[i] = {bells[i].word, bells[i].seen};
  platform::futex_wait_any(std::span(watches).first(count), timeout);
}

struct caretaker::work {
  explicit work(protocol::handle& handle) : map(handle), standby(handle) {
    protocol::writer by = protocol::begin_care(map);
    me = by.context.me;
    protocol::take_care(by);
  }
  work(const work&) = delete;
  work& operator=(const work&) = delete;
  ~work() {
    if (!is_mine()) return;
    protocol::writer by = protocol::begin_care(map);
    protocol::leave_care(by);
  }
  [[nodiscard]] bool is_mine() const noexcept {
    const platform::lease& mine = map.thread().lease;
    return mine.valid() && mine.id() == me &&
           map.view.header->care.caretaker.load(std::memory_order_relaxed) ==
               protocol::lease_word(me);
  }

  protocol::handle& map;
  platform::lease_id me;
  protocol::standby_copier standby;
};

caretaker::caretaker(any_map& map)
    : work_(std::make_unique<work>(detail::map_access::handle(map))) {}

caretaker::caretaker(any_map& map, std::error_code& code) {
  detail::with_code(code, [&] { work_ = std::make_unique<work>(detail::map_access::handle(map)); });
}

caretaker::caretaker(caretaker&& other) noexcept = default;
caretaker& caretaker::operator=(caretaker&& other) noexcept = default;
caretaker::~caretaker() = default;

bool caretaker::held() const noexcept {
  return work_ != nullptr && work_->is_mine();
}

protocol::care_state caretaker::look() const {
  return protocol::look(work_->map);
}

bell caretaker::rings() const noexcept {
  const auto& word = work_->map.view.header->care.bell;
  return {&word, word.load(std::memory_order_acquire)};  // (X4) of protocol/handle.hpp
}

void caretaker::answer() noexcept {
  if (work_->is_mine()) protocol::answer(work_->map.view);
}

bool caretaker::promote() {
  answer();
  return protocol::promote(work_->map);
}

bool caretaker::prepare_standby_some(std::size_t groups) {
  answer();
  return work_->standby.step(groups) == protocol::standby_copier::progress::copying;
}

bool caretaker::standby_ready() const noexcept {
  const protocol::segment_view& view = work_->map.view;
  // (W1) of protocol/walk.hpp
  const storage::root_word dirty{view.roots->dirty.load(std::memory_order_acquire)};
  return static_cast<bool>(protocol::ready_standby(view, dirty));
}

std::uint64_t caretaker::tend() {
  answer();
  return protocol::tend(work_->map);
}

}  // namespace twinmap
