#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "fastgd/matrix_view.hpp"

namespace fastgd {

// The rows of a matrix that are nearest to others in Euclidean distance. All rows are looked at, in blocks, by products
// in float or double; these only say which rows may be among the nearest. Their distances are then the roots of sums of
// squared differences in double, and nothing else decides, so that the result depends neither on threads nor on the
// instruction set. Of rows as near the one that comes first is nearer.
class NearestRows {
public:
    // Reads X once, and keeps 8 bytes a row (16 for X in double that is sparse, or too far from its mean for products
    // in float). X has to outlive it, unchanged.
    // Throws NonFiniteError where X holds NaN or infinity. n_threads 0 is the default number. `poll` is called now and
    // then on the calling thread; what it throws ends the pass.
    explicit NearestRows(const MatrixView& X, int n_threads = 0, const std::function<void()>& poll = {});
    ~NearestRows();
    NearestRows(NearestRows&&) noexcept;
    NearestRows& operator=(NearestRows&&) noexcept;

    std::int64_t n_rows() const;

    // Of each row of Z the k nearest rows of X, the nearest first: distances and indices, n_queries x k, in C order. Z
    // may be stored otherwise than X. `without_self`: row i of Z is row i of X, and not among its own neighbours.
    // Throws std::invalid_argument for another number of columns or a k that is not from 1 to the number of rows that
    // may be neighbours, NonFiniteError where Z holds NaN or infinity.
    void query(const MatrixView& Z, std::int64_t k, bool without_self, double* distances, std::int64_t* indices,
               int n_threads = 0, const std::function<void()>& poll = {}) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fastgd
