#include "../rivals/lmdb.hpp"
#include "driver.hpp"

int main(int argc, char** argv) {
  return bench::beside::run_rival<bench::lmdb>(argc, argv);
}
