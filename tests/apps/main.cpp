#define CAF_SUITE apps_main

#include "caf/test/unit_test_impl.hpp"
