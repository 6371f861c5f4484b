#include "../driver.hpp"
#include "twinmap.hpp"

int main(int argc, char** argv) {
  return bench::run_rival<bench::twinmap_of<true>>(argc, argv);
}
