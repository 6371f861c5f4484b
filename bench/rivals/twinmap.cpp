#include "twinmap.hpp"

#include "../driver.hpp"

int main(int argc, char** argv) {
  return bench::run_rival<bench::twinmap_map>(argc, argv);
}
