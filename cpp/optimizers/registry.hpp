#pragma once

// The optimisers there are: one row each. Adding one is its file, its row here and its twin in fastgd.reference.

#include "optimizers/sgd.hpp"

#define FASTGD_OPTIMIZERS(ROW) ROW(Sgd)
