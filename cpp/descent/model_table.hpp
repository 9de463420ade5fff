#pragma once

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "fastgd/per_model.hpp"

namespace fastgd {

// The names of parameters that are declared up to n_max, the first without a name ending them.
template <class Param>
std::string known_names(const Param* params, int n_max) {
    std::string names;
    for (int i = 0; i < n_max && params[i].name != nullptr; ++i)
        names += std::string(i > 0 ? ", " : "") + params[i].name;
    return names;
}

// [model][n_max] from named numbers; what is not named has its default.
template <class Param>
std::vector<double> table_of(const Param* params, int n_max, const std::vector<PerModel>& given, std::size_t n_models,
                             const std::string& owner) {
    const auto require = [](bool condition, const std::string& message) {
        if (!condition) throw std::invalid_argument(message);
    };
    std::vector<double> table(n_models * static_cast<std::size_t>(n_max));
    for (std::size_t m = 0; m < n_models; ++m)
        for (int i = 0; i < n_max; ++i)
            table[m * static_cast<std::size_t>(n_max) + static_cast<std::size_t>(i)] = params[i].default_value;
    for (const PerModel& entry : given) {
        int at = 0;
        while (at < n_max && params[at].name != nullptr && entry.name != params[at].name) ++at;
        require(at < n_max && params[at].name != nullptr,
                owner + " has no parameter '" + entry.name + "'; it has: " + known_names(params, n_max));
        require(entry.values.size() == 1 || entry.values.size() == n_models,
                entry.name + " of " + owner + " must have one value, or one for each model");
        for (std::size_t m = 0; m < n_models; ++m) {
            const double value = entry.values[entry.values.size() == 1 ? 0 : m];
            require(std::isfinite(value), entry.name + " of " + owner + " must be finite");
            table[m * static_cast<std::size_t>(n_max) + static_cast<std::size_t>(at)] = value;
        }
    }
    return table;
}

}  // namespace fastgd
