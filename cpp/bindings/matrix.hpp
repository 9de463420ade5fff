#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "bindings/bindings.hpp"
#include "fastgd/matrix_view.hpp"

namespace fastgd::bindings {

// Compressed sparse rows, checked when it is made, and the arrays that hold them.
class CsrMatrix {
public:
    CsrMatrix(py::array values, py::array indices, py::array offsets, std::int64_t n_cols);
    const MatrixView& view() const { return view_; }

private:
    py::array values_;
    py::array indices_;
    py::array offsets_;
    MatrixView view_;
};

// What Python hands over as a data matrix; the name of a storage says how the elements of an array are stored.
using Matrix = std::variant<std::shared_ptr<CsrMatrix>, py::array>;

MatrixView matrix_view(const Matrix& X, const std::string& storage);

}  // namespace fastgd::bindings
