#define CAF_SUITE config_main

#include "caf/test/unit_test_impl.hpp"
