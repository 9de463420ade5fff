#pragma once

#include "fastgd/errors.hpp"
#include "fastgd/function_objective.hpp"
#include "fastgd/linear_objective.hpp"
#include "fastgd/loss_info.hpp"
#include "fastgd/matrix_view.hpp"
#include "fastgd/minimize.hpp"
#include "fastgd/objective.hpp"
#include "fastgd/penalty.hpp"
#include "fastgd/per_model.hpp"
#include "fastgd/schedule.hpp"
#include "fastgd/user_loss.h"
#include "fastgd/user_loss.hpp"
