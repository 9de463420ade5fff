#pragma once

// The optimisers there are: one row each. Adding one is its file, its row here and its twin in fastgd.reference.

#include "optimizers/adadelta.hpp"
#include "optimizers/adagrad.hpp"
#include "optimizers/adam.hpp"
#include "optimizers/adamw.hpp"
#include "optimizers/asgd.hpp"
#include "optimizers/barzilai_borwein.hpp"
#include "optimizers/dog.hpp"
#include "optimizers/ftrl.hpp"
#include "optimizers/lbfgs.hpp"
#include "optimizers/lion.hpp"
#include "optimizers/nadam.hpp"
#include "optimizers/polyak_sgd.hpp"
#include "optimizers/prodigy.hpp"
#include "optimizers/rmsprop.hpp"
#include "optimizers/saga.hpp"
#include "optimizers/schedule_free_adamw.hpp"
#include "optimizers/schedule_free_sgd.hpp"
#include "optimizers/sgd.hpp"
#include "optimizers/svrg.hpp"

#define FASTGD_OPTIMIZERS(ROW) \
    ROW(Sgd)                   \
    ROW(Adagrad)               \
    ROW(Adadelta)              \
    ROW(RmsProp)               \
    ROW(Adam)                  \
    ROW(AdamW)                 \
    ROW(NAdam)                 \
    ROW(Lion)                  \
    ROW(Asgd)                  \
    ROW(Ftrl)                  \
    ROW(ScheduleFreeSgd)       \
    ROW(ScheduleFreeAdamW)     \
    ROW(Prodigy)               \
    ROW(DoG)                   \
    ROW(PolyakSgd)             \
    ROW(BarzilaiBorwein)       \
    ROW(Saga)                  \
    ROW(Svrg)                  \
    ROW(Lbfgs)
