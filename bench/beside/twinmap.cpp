#include "../rivals/twinmap.hpp"
#include "driver.hpp"

int main(int argc, char** argv) {
  return bench::beside::run_rival<bench::twinmap_map>(argc, argv);
}
