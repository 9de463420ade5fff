#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace fastgd {

// L of a positive definite matrix L L^T, to solve with.
class Cholesky {
public:
    // Of an n x n matrix in C order, of which the lower triangle is read; none where it is not positive definite.
    static std::optional<Cholesky> of(std::vector<double> matrix, std::size_t n);

    // x = (L L^T)^-1 x
    void solve(std::span<double> x) const;

private:
    Cholesky(std::vector<double> lower, std::size_t n) : lower_(std::move(lower)), n_(n) {}

    std::vector<double> lower_;
    std::size_t n_;
};

}  // namespace fastgd
