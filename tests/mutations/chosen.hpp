#pragma once

// Included before everything else in the build that has all mutants in it (schema.py): which of
// them is the library now?

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace twinmap_mutants {

constexpr unsigned char was_reached = 1;        ///< its code was run
constexpr unsigned char made_a_difference = 2;  ///< its value would have been another one
constexpr unsigned long most = 4096;

struct choice {
  int mutant = 0;  ///< TWINMAP_MUTANT, 0: none
  unsigned char* reached =
      nullptr;  ///< TWINMAP_REACHED, a file of a byte for each; shared by all processes of a test
};

inline choice read_choice() noexcept {
  choice made;
  if (const char* number = std::getenv("TWINMAP_MUTANT")) made.mutant = std::atoi(number);
  const char* path = std::getenv("TWINMAP_REACHED");
  const int file = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return made;
  void* const bytes = ::mmap(nullptr, most, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (bytes != MAP_FAILED) made.reached = static_cast<unsigned char*>(bytes);
  ::close(file);
  return made;
}

/// Children that are forked have it, and programs that are executed read it again.
inline const choice made = read_choice();

inline void note(int mutant, unsigned char what) noexcept {
  unsigned char& byte = made.reached[mutant];
  if ((byte & what) != what) __atomic_fetch_or(&byte, what, __ATOMIC_RELAXED);
}

/// Whether this mutant is to be run. Never while a constant is computed: a mutant of its own would
/// not be compiled there.
constexpr bool chosen(int mutant) noexcept {
  if (__builtin_is_constant_evaluated()) return false;
  if (made.reached != nullptr) [[unlikely]]
    note(mutant, was_reached);
  return made.mutant == mutant;
}

/// `value`, which the mutant would have replaced by `other`.
constexpr bool not_chosen(int mutant, bool value, bool other) noexcept {
  if (!__builtin_is_constant_evaluated() && made.reached != nullptr && value != other) [[unlikely]]
    note(mutant, made_a_difference);
  return value;
}

}  // namespace twinmap_mutants
