#pragma once

// The losses there are: one row each. Adding a loss is its file, its row here and its twin in fastgd.reference.

#include "losses/absolute_error.hpp"
#include "losses/crammer_singer.hpp"
#include "losses/epsilon_insensitive.hpp"
#include "losses/exponential.hpp"
#include "losses/gamma.hpp"
#include "losses/hinge.hpp"
#include "losses/huber.hpp"
#include "losses/log_cosh.hpp"
#include "losses/log_loss.hpp"
#include "losses/modified_huber.hpp"
#include "losses/multiclass_hinge.hpp"
#include "losses/multinomial.hpp"
#include "losses/perceptron.hpp"
#include "losses/poisson.hpp"
#include "losses/quantile.hpp"
#include "losses/squared_epsilon_insensitive.hpp"
#include "losses/squared_error.hpp"
#include "losses/squared_hinge.hpp"
#include "losses/tweedie.hpp"

#define FASTGD_LOSSES(ROW)         \
    ROW(SquaredError)              \
    ROW(AbsoluteError)             \
    ROW(Huber)                     \
    ROW(EpsilonInsensitive)        \
    ROW(SquaredEpsilonInsensitive) \
    ROW(Quantile)                  \
    ROW(LogCosh)                   \
    ROW(Poisson)                   \
    ROW(Gamma)                     \
    ROW(Tweedie)                   \
    ROW(LogLoss)                   \
    ROW(Hinge)                     \
    ROW(SquaredHinge)              \
    ROW(ModifiedHuber)             \
    ROW(Perceptron)                \
    ROW(Exponential)               \
    ROW(Multinomial)               \
    ROW(MulticlassHinge)           \
    ROW(CrammerSinger)
