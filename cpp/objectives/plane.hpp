#pragma once

#include <functional>
#include <span>

#include "fastgd/penalty.hpp"
#include "objectives/parameter_map.hpp"
#include "objectives/problem.hpp"

namespace fastgd {

// The parameters w + sum_j c_j d_j for each row c of `coordinates`: `directions` is (n_directions, n_params) and
// `coordinates` (n_points, n_directions), both in C order.
struct Plane {
    std::span<const double> origin;
    std::span<const double> directions;
    std::span<const double> coordinates;

    std::ptrdiff_t n_params() const { return std::ssize(origin); }
    std::ptrdiff_t n_directions() const { return std::ssize(directions) / n_params(); }
    std::ptrdiff_t n_points() const { return std::ssize(coordinates) / n_directions(); }
    // Of the first n parameters of a point, added up in order of the directions.
    void parameters(std::ptrdiff_t point, std::ptrdiff_t n, double* out) const {
        const double* c = coordinates.data() + point * n_directions();
        for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = origin.data()[i];
        for (std::ptrdiff_t j = 0; j < n_directions(); ++j) {
            const double* direction = directions.data() + j * n_params();
            for (std::ptrdiff_t i = 0; i < n; ++i) out[i] += c[j] * direction[i];
        }
    }
};

// LinearObjective::plane.
template <class T>
void plane_values(const Problem<T>& problem, const Penalty& penalty, const ParameterMap& map, const Plane& plane,
                  std::span<double> values, int n_threads, const std::function<void()>& poll);

}  // namespace fastgd
