# twinmap_compile_options: how everything in this tree is compiled. It is linked privately and never exported, so that
# nothing of it reaches a program that uses the installed library.
add_library(twinmap_compile_options INTERFACE)
target_compile_features(twinmap_compile_options INTERFACE cxx_std_20)
target_compile_options(twinmap_compile_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion -Wformat=2
  -Wcast-align -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wmissing-declarations
  # g++ 12 sees overlapping copies inside std::string where there are none (gcc bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${TWINMAP_WERROR}>:-Werror>)

if(TWINMAP_SANITIZE)
  # Global, because a sanitizer that sees only half of a program reports nonsense.
  add_compile_options(-fsanitize=${TWINMAP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TWINMAP_SANITIZE})
  # Under a sanitizer g++ 12 thinks that an empty boost::optional, in Beast, is read.
  target_compile_options(twinmap_compile_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
