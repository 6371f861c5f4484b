#include <twinmapd/worker.hpp>

#include <boost/asio/post.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

namespace twinmapd {
namespace {

constexpr std::size_t most_jobs = 16;
constexpr std::chrono::seconds patience{2};

// A thread that wrote to a map holds a lease of it until it ends.
constexpr std::chrono::milliseconds idle_time{200};

}  // namespace

struct worker::shared_state {
  explicit shared_state(boost::asio::io_context& the_loop) : loop(the_loop) {}

  boost::asio::io_context& loop;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<std::function<void()>()>> jobs;
  bool stopping = false;
  bool running = false;  ///< there is a thread
};

bool worker::run(std::function<std::function<void()>()> job) {
  if (!state_) state_ = std::make_shared<shared_state>(loop_);
  const std::scoped_lock hold(state_->mutex);
  if (state_->jobs.size() >= most_jobs) return false;
  state_->jobs.push_back(std::move(job));
  if (!std::exchange(state_->running, true))
    std::thread([state = state_] { work(state); }).detach();
  state_->changed.notify_all();
  return true;
}

void worker::work(const std::shared_ptr<shared_state>& state) {
  std::unique_lock hold(state->mutex);
  while (!state->stopping) {
    const auto has_work = [&] { return state->stopping || !state->jobs.empty(); };
    if (!state->changed.wait_for(hold, idle_time, has_work)) break;
    if (state->stopping) break;
    auto job = std::move(state->jobs.front());
    state->jobs.pop_front();
    hold.unlock();
    std::function<void()> rest = job();
    job = nullptr;
    hold.lock();
    if (!state->stopping) boost::asio::post(state->loop, std::move(rest));
  }
  state->running = false;
  state->changed.notify_all();
}

worker::~worker() {
  if (!state_) return;
  std::unique_lock hold(state_->mutex);
  state_->stopping = true;
  state_->jobs.clear();
  state_->changed.notify_all();
  const bool ended = state_->changed.wait_for(hold, patience, [this] { return !state_->running; });
  if (!ended) std::_Exit(EXIT_SUCCESS);
}

}  // namespace twinmapd
