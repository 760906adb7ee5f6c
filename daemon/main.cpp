#include "daemon/cli.hpp"

int main(int argc, char** argv) { return newsmill::run_cli(argc, argv); }
