#include "stepper.hpp"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <step/mappings.hpp>
#include <step/system_calls.hpp>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

namespace step_tests {
namespace {

// The handlers', in a process of which one thread is stepped.
struct {
  fate wanted;
  control_page* control = nullptr;
  image_watch* watch = nullptr;
  dev_t file_system = 0;
  mappings segments = {};
  mappings inherited = {};
  bool inside = false;
  const void* restorer = nullptr;  // of the handlers
  bool leaps = false;    // at full speed from place to place: whatever is no place is not stepped
  bool touched = false;  // a segment, by the instruction just stepped over
  bool after_call = false;  // or it made a system call: this one
  long call = 0;
  std::uint64_t steps = 0;
  std::uint64_t waits = 0;
  std::uint64_t met = 0;           // places
  std::uint64_t ahead = 0;         // events of the lead that are still to come
  bool remapped = false;           // other runs may have mapped it elsewhere
  std::uintptr_t instruction = 0;  // the next
} stepping;

#if defined(__x86_64__)

constexpr greg_t trap_flag = 0x100;

// The trap after a system call comes one instruction late, when that call's effect is there. Its
// second byte may be on another page, which is not looked at unless it is of this instruction.
bool at_system_call(greg_t instruction) noexcept {
  const auto* const code = reinterpret_cast<const unsigned char*>(instruction);
  return code[0] == 0x0f && code[1] == 0x05;
}

template <std::size_t n>
bool is_one_of(const long (&calls)[n], long call) noexcept {
  return std::find(std::begin(calls), std::end(calls), call) != std::end(calls);
}

bool waits(long system_call, long second_argument) noexcept {
  static constexpr long calls[] = {SYS_futex_waitv, SYS_sched_yield, SYS_nanosleep,
                                   SYS_pause,       SYS_poll,        SYS_clock_nanosleep,
                                   SYS_ppoll,       SYS_epoll_wait,  SYS_select};
  static constexpr long futex_waits[] = {FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI};
  return is_one_of(calls, system_call) ||
         (system_call == SYS_futex && is_one_of(futex_waits, second_argument & FUTEX_CMD_MASK));
}

bool maps(long system_call) noexcept {
  static constexpr long calls[] = {SYS_mmap, SYS_munmap, SYS_mremap};
  return is_one_of(calls, system_call);
}

void find_segments() noexcept {
  const range_of_memory own =
      stepping.watch != nullptr ? stepping.watch->mapped() : range_of_memory{};
  stepping.segments.find(stepping.file_system, own);
}

void note(bool moment) noexcept {
  place found{.step = stepping.steps,
              .image = moment ? stepping.watch->hash() : 0,
              .moment = moment,
              .locked = stepping.watch->mutex_is_held(),
              .after_call = stepping.after_call,
              .instruction = stepping.instruction,
              .page = std::nullopt,
              .many_pages = stepping.segments.opened_pages() > 1};
  if (const auto page = stepping.segments.opened_page(); page && !stepping.remapped)
    found.page = stepping.segments.offset_of(*page, stepping.inherited);
  stepping.control->note(found);
}

// False if the process is to go on at full speed.
bool look() noexcept {
  const bool here = stepping.touched || stepping.after_call;
  const auto kind = stepping.wanted.what;
  if (kind == fate::kind::kill || kind == fate::kind::freeze) {
    if (!here || stepping.met++ != stepping.wanted.at) return true;
    stepping.control->stops_at(stepping.instruction);
    if (kind == fate::kind::kill) ::kill(::getpid(), SIGKILL);
    stepping.control->freeze();
    return false;
  }
  // A survey looks after each instruction, and so finds out if a touch goes unseen.
  const bool changed = (here || kind == fate::kind::survey) && stepping.watch->changed();
  if (!here) {
    if (changed) stepping.control->missed_a_touch();
    return true;
  }
  // What the kernel holds for others, locks above all, changes with system calls alone.
  const bool moment = changed || stepping.after_call;
  if (kind == fate::kind::survey || (moment && kind == fate::kind::visit)) note(moment);
  if (moment && kind == fate::kind::visit) stepping.control->freeze();
  return true;
}

// To what announces itself.
void run(greg_t& flags) noexcept {
  flags &= ~trap_flag;
  stepping.touched = stepping.after_call = false;
  system_calls::close();
}

// To the next place.
void leap(greg_t& flags) noexcept {
  stepping.segments.close();
  run(flags);
}

// To the next event of the lead, or to its end and the next place.
void hurry(greg_t& flags) noexcept {
  const fate::lead& past = stepping.wanted.past;
  const bool event = past.page ? stepping.touched : stepping.after_call;
  if (event && --stepping.ahead == 0) {
    stepping.met = past.places;
    find_segments();
    return leap(flags);
  }
  if (past.page)
    if (const auto page = stepping.segments.page_at(*past.page, stepping.inherited))
      stepping.segments.close_only(*page);
  run(flags);
}

void on_mark(greg_t& flags) noexcept {
  stepping.inside = !stepping.inside;
  if (!stepping.inside || stepping.wanted.what == fate::kind::none) {
    flags &= ~trap_flag;
    stepping.segments.open();
    return;
  }
  flags |= trap_flag;
  if (!stepping.wanted.finds_places()) return;
  // What was changed before is not the stretch's doing.
  if (stepping.watch != nullptr) stepping.watch->changed();
  find_segments();
  stepping.leaps =
      stepping.wanted.what != fate::kind::survey && system_calls::tell_of_all(stepping.restorer);
  stepping.ahead = stepping.leaps ? stepping.wanted.past.events : 0;
  if (stepping.ahead != 0)
    hurry(flags);
  else if (stepping.leaps)
    leap(flags);
  else
    stepping.segments.close();
}

void on_step(ucontext_t& context) noexcept {
  auto& registers = context.uc_mcontext.gregs;
  ++stepping.steps;
  stepping.instruction = static_cast<std::uintptr_t>(registers[REG_RIP]);
  if (stepping.ahead != 0) return hurry(registers[REG_EFL]);
  if (stepping.wanted.finds_places()) {
    if (stepping.after_call && maps(stepping.call)) {
      stepping.remapped = true;
      find_segments();
    }
    if (!look()) {
      stepping.segments.open();
      registers[REG_EFL] &= ~trap_flag;
      stepping.wanted.what = fate::kind::none;
      return;
    }
  }
  if (stepping.leaps) return leap(registers[REG_EFL]);
  stepping.touched = false;
  stepping.after_call = at_system_call(registers[REG_RIP]);
  stepping.call = static_cast<long>(registers[REG_RAX]);
  if (stepping.after_call && waits(stepping.call, static_cast<long>(registers[REG_RSI])))
    ++stepping.waits;
  if (!stepping.wanted.finds_places()) return;
  // The kernel is to find them open.
  if (stepping.after_call)
    stepping.segments.open();
  else
    stepping.segments.close();
}

void on_trap(int, siginfo_t* info, void* context) noexcept {
  system_calls::open();
  auto& at = *static_cast<ucontext_t*>(context);
  const int error = errno;
  stepping.restorer = __builtin_return_address(0);
  if (info->si_code == TRAP_TRACE)
    on_step(at);
  else
    on_mark(at.uc_mcontext.gregs[REG_EFL]);
  errno = error;
}

// The instruction is tried again, and then stepped over.
void on_fault(int signal, siginfo_t* info, void* context) noexcept {
  system_calls::open();
  const int error = errno;
  if (stepping.inside &&
      stepping.segments.open_page(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    stepping.touched = true;
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] |= trap_flag;
  } else {
    ::signal(signal, SIG_DFL);
  }
  errno = error;
}

// It is made now, and stepped over.
void on_system_call(int, siginfo_t* info, void* context) noexcept {
  system_calls::open();
  const int error = errno;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  registers[REG_RIP] -= system_calls::instruction_bytes;
  registers[REG_RAX] = info->si_syscall;
  registers[REG_EFL] |= trap_flag;
  stepping.after_call = true;
  stepping.call = info->si_syscall;
  stepping.segments.open();
  errno = error;
}

#else
void on_trap(int, siginfo_t*, void*) noexcept {}
void on_fault(int, siginfo_t*, void*) noexcept {}
void on_system_call(int, siginfo_t*, void*) noexcept {}
#endif

void handle(int signal, void (*by)(int, siginfo_t*, void*)) {
  struct sigaction action {};
  action.sa_sigaction = by;
  action.sa_flags = SA_SIGINFO;
  if (::sigaction(signal, &action, nullptr) != 0)
    throw std::system_error(errno, std::system_category(), "sigaction");
}

}  // namespace

void arm(const fate& wanted, control_page& control, image_watch* watch, dev_t file_system,
         const mappings& inherited) {
  stepping = {.wanted = wanted,
              .control = &control,
              .watch = watch,
              .file_system = file_system,
              .inherited = inherited};
  handle(SIGTRAP, on_trap);
  if (!wanted.finds_places()) return;
  handle(SIGSEGV, on_fault);
  handle(SIGSYS, on_system_call);
}

effort effort_so_far() noexcept {
  return {stepping.steps, stepping.waits};
}

}  // namespace step_tests
