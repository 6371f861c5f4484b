#include "stepper.hpp"

#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace step_tests {
namespace {

// The handler's, in a process of one thread.
struct {
  fate wanted;
  control_page* control = nullptr;
  image_watch* watch = nullptr;
  bool inside = false;
  bool after_call = false;  // the instruction just stepped over made a system call
  std::uint64_t steps = 0;
  std::uint64_t moments = 0;
} stepping;

#if defined(__x86_64__)

constexpr greg_t trap_flag = 0x100;

// The trap after a system call comes one instruction late, when that call's effect is there.
bool at_system_call(greg_t instruction) noexcept {
  constexpr std::uintptr_t last_of_page = 4095;
  if ((static_cast<std::uintptr_t>(instruction) & last_of_page) == last_of_page) return false;
  static constexpr unsigned char code[2] = {0x0f, 0x05};
  return std::memcmp(reinterpret_cast<const void*>(instruction), code, sizeof code) == 0;
}

void look() noexcept {
  // What the kernel holds for others, locks above all, changes with system calls alone.
  const bool changed = stepping.watch->changed();
  if (!changed && !stepping.after_call) return;
  if (stepping.wanted.what == fate::kind::survey)
    stepping.control->note({stepping.steps, stepping.watch->hash()});
  else if (stepping.moments++ == stepping.wanted.at)
    ::kill(::getpid(), SIGKILL);
}

void on_mark(greg_t& flags) noexcept {
  stepping.inside = !stepping.inside;
  if (stepping.inside && stepping.wanted.what != fate::kind::none)
    flags |= trap_flag;
  else
    flags &= ~trap_flag;
}

void on_step(ucontext_t& context) noexcept {
  auto& registers = context.uc_mcontext.gregs;
  ++stepping.steps;
  if (stepping.wanted.watches()) look();
  stepping.after_call = at_system_call(registers[REG_RIP]);
  if (stepping.wanted.what == fate::kind::freeze && stepping.steps == stepping.wanted.at) {
    stepping.control->freeze();
    registers[REG_EFL] &= ~trap_flag;
  }
}

void on_trap(int, siginfo_t* info, void* context) noexcept {
  auto& at = *static_cast<ucontext_t*>(context);
  const int error = errno;
  if (info->si_code == TRAP_TRACE)
    on_step(at);
  else
    on_mark(at.uc_mcontext.gregs[REG_EFL]);
  errno = error;
}

#else
void on_trap(int, siginfo_t*, void*) noexcept {}
#endif

}  // namespace

void arm(const fate& wanted, control_page& control, image_watch* watch) {
  stepping = {.wanted = wanted, .control = &control, .watch = watch};
  if (watch != nullptr) watch->changed();
  struct sigaction action {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO;
  if (::sigaction(SIGTRAP, &action, nullptr) != 0)
    throw std::system_error(errno, std::system_category(), "sigaction");
}

std::uint64_t steps_taken() noexcept {
  return stepping.steps;
}

}  // namespace step_tests
