#pragma once

// The activations there are: one row each. Adding one is its file, its row here and its twin in fastgd.reference.

#include "activations/gelu.hpp"
#include "activations/identity.hpp"
#include "activations/leaky_relu.hpp"
#include "activations/logistic.hpp"
#include "activations/relu.hpp"
#include "activations/silu.hpp"
#include "activations/softplus.hpp"
#include "activations/tanh.hpp"

#define FASTGD_ACTIVATIONS(ROW) \
    ROW(Identity)               \
    ROW(Relu)                   \
    ROW(LeakyRelu)              \
    ROW(Tanh)                   \
    ROW(Logistic)               \
    ROW(Gelu)                   \
    ROW(Silu)                   \
    ROW(Softplus)
