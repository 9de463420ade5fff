#include "descent/curvature_pairs.hpp"

#include <algorithm>

#include "runtime/dot.hpp"

namespace fastgd {
namespace {

// u += a v
void add_scaled(std::span<double> u, double a, std::span<const double> v) {
    for (std::size_t i = 0; i < u.size(); ++i) u[i] += a * v[i];
}

}  // namespace

void CurvaturePairs::add(std::vector<double>& s, std::vector<double>& y, double curvature) {
    if (pairs_.size() == memory_)
        std::rotate(pairs_.begin(), pairs_.begin() + 1, pairs_.end());
    else
        pairs_.push_back({std::vector<double>(s.size()), std::vector<double>(s.size())});
    pairs_.back().s.swap(s);
    pairs_.back().y.swap(y);
    pairs_.back().curvature = curvature;
}

void two_loop_recursion(std::span<double> v, std::span<const CurvaturePair> pairs,
                        const std::function<void(std::span<double>)>& first) {
    std::vector<double> shares(pairs.size());
    for (std::size_t i = pairs.size(); i-- > 0;) {
        shares[i] = dot(pairs[i].s, v) / pairs[i].curvature;
        add_scaled(v, -shares[i], pairs[i].y);
    }
    first(v);
    for (std::size_t i = 0; i < pairs.size(); ++i)
        add_scaled(v, shares[i] - dot(pairs[i].y, v) / pairs[i].curvature, pairs[i].s);
}

}  // namespace fastgd
