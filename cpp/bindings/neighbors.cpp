#include "fastgd/neighbors.hpp"

#include <pybind11/stl.h>

#include <utility>

#include "bindings/bindings.hpp"
#include "bindings/matrix.hpp"

namespace fastgd::bindings {
namespace {

// The core's, and the array that it reads from.
struct NearestRowsOf {
    Matrix X;
    NearestRows core;
};

std::unique_ptr<NearestRowsOf> make(const Matrix& X, const std::string& storage, int n_threads) {
    const MatrixView view = matrix_view(X, storage);
    const auto make_core = [&] {
        const py::gil_scoped_release released;
        return NearestRows(view, n_threads, check_signals);
    };
    return std::make_unique<NearestRowsOf>(NearestRowsOf{X, make_core()});
}

py::tuple query(const NearestRowsOf& self, const Matrix& Z, const std::string& storage, std::int64_t k,
                bool without_self, int n_threads) {
    const MatrixView view = matrix_view(Z, storage);
    require(!without_self || view.n_rows <= self.core.n_rows(), "Z must be X to be without itself");
    require(k >= 1 && k <= self.core.n_rows(), "k must be from 1 to the number of rows");
    if (view.n_rows > PY_SSIZE_T_MAX / k) throw std::bad_alloc();
    py::array_t<double> distances({view.n_rows, k});
    py::array_t<std::int64_t> indices({view.n_rows, k});
    double* to_distances = distances.mutable_data();
    std::int64_t* to_indices = indices.mutable_data();
    {
        const py::gil_scoped_release released;
        self.core.query(view, k, without_self, to_distances, to_indices, n_threads, check_signals);
    }
    return py::make_tuple(std::move(distances), std::move(indices));
}

}  // namespace

void bind_neighbors(py::module_& module) {
    py::classh<NearestRowsOf>(module, "NearestRows", py::is_final())
        .def(py::init(&make), py::arg("X"), py::arg("storage"), py::arg("n_threads"))
        .def("query", &query, py::arg("Z"), py::arg("storage"), py::arg("k"), py::arg("without_self"),
             py::arg("n_threads"));
}

}  // namespace fastgd::bindings
