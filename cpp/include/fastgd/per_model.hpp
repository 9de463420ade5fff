#pragma once

#include <string>
#include <vector>

namespace fastgd {

// A named number for each model; a single one counts for all models.
struct PerModel {
    std::string name;
    std::vector<double> values;
};

}  // namespace fastgd
