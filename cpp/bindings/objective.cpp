#include "fastgd/linear_objective.hpp"

#include <pybind11/stl.h>

#include "bindings/data_objective.hpp"
#include "fastgd/errors.hpp"
#include "fastgd/linear_scores.hpp"

namespace fastgd::bindings {
namespace {

using Objective = DataObjective<LinearObjective>;

std::unique_ptr<Objective> make_linear(const Matrix& X, const std::string& storage, const py::array& y,
                                       const Loss& loss, const std::map<std::string, double>& loss_params,
                                       int n_outputs, double alpha, double l1_ratio, bool fit_intercept,
                                       bool standardize, const std::optional<py::array>& sample_weight,
                                       const std::optional<py::array>& offset, double intercept_slope) {
    const MatrixView view = matrix_view(X, storage);
    LinearOptions options;
    set_loss(options, loss, loss_params);
    options.n_outputs = n_outputs;
    options.alpha = alpha;
    options.l1_ratio = l1_ratio;
    options.fit_intercept = fit_intercept;
    options.standardize = standardize;
    options.intercept_slope = intercept_slope;
    const Targets targets = check_targets(view, y, options, sample_weight);
    const bool is_double = computes_in_double(view.storage);
    const void* offsets = offset ? checked(*offset, is_double, view.n_rows * n_outputs, "offset") : nullptr;
    const auto make_core = [&] {
        const py::gil_scoped_release released;
        return LinearObjective(view, targets.y, options, targets.weight, offsets, check_signals);
    };
    return std::make_unique<Objective>(X, y, sample_weight, offset, make_core());
}

double linear_value_and_grad(const Objective& self, const Floats& w, const std::optional<Ints>& rows, Floats& grad,
                             int n_threads) {
    const auto at = view(w);
    const auto chosen = view_rows(rows);
    const std::span<double> out(grad.mutable_data(), static_cast<std::size_t>(grad.size()));
    const py::gil_scoped_release released;
    return self.core.value_and_grad(at, out, chosen, n_threads, check_signals);
}

void hvp(const Objective& self, const Floats& w, const Floats& v, const std::optional<Ints>& rows, Floats& product,
         int n_threads) {
    const auto at = view(w);
    const auto along = view(v);
    const auto chosen = view_rows(rows);
    const std::span<double> out(product.mutable_data(), static_cast<std::size_t>(product.size()));
    const py::gil_scoped_release released;
    self.core.hvp(at, along, out, chosen, n_threads, check_signals);
}

Floats plane(const Objective& self, const Floats& w, const Floats& directions, const Floats& coordinates,
             int n_threads) {
    require(directions.ndim() == 2 && coordinates.ndim() == 2, "directions and coordinates must have two dimensions");
    Floats values(coordinates.shape(0));
    const auto origin = view(w);
    const auto along = view(directions);
    const auto at = view(coordinates);
    const std::span<double> out(values.mutable_data(), static_cast<std::size_t>(values.size()));
    {
        const py::gil_scoped_release released;
        self.core.plane(origin, along, at, out, n_threads, check_signals);
    }
    return values;
}

double duality_gap(const Objective& self, const Floats& w, int n_threads) {
    const auto at = view(w);
    const py::gil_scoped_release released;
    return self.core.duality_gap(at, n_threads, check_signals);
}

std::map<std::string, double> row_moments(const Objective& self) {
    const py::gil_scoped_release released;
    const RowMoments moments = self.core.row_moments(check_signals);
    return {{"mean_square_norm", moments.mean_square_norm}, {"eigenvalue_bound", moments.eigenvalue_bound}};
}

double max_square_norm(const Objective& self) {
    const py::gil_scoped_release released;
    return self.core.max_square_norm(0, check_signals);
}

Floats raw_params(const Objective& self, const Floats& w) { return as_array(self.core.raw_params(view(w))); }

template <class T>
void score(const MatrixView& X, const py::array& coef, const py::array& intercept, void* out, int n_threads) {
    const auto typed = [](const py::array& array, const char* name) {
        require(py::isinstance<py::array_t<T, py::array::c_style>>(array),
                std::string(name) + " must be C-contiguous, and float64 or float32 as coef");
        return std::span(static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size()));
    };
    const auto weights = typed(coef, "coef");
    const auto biases = typed(intercept, "intercept");
    const py::gil_scoped_release released;
    linear_scores(X, weights, biases, out, n_threads, check_signals);
}

py::array linear_scores_of(const Matrix& X, const std::string& storage, const py::array& coef,
                           const py::array& intercept, int n_threads) {
    const MatrixView view = matrix_view(X, storage);
    py::array out(computes_in_double(view.storage) ? py::dtype::of<double>() : py::dtype::of<float>(),
                  std::vector<py::ssize_t>{view.n_rows, intercept.size()});
    (coef.itemsize() == 8 ? score<double> : score<float>)(view, coef, intercept, out.mutable_data(), n_threads);
    return out;
}

}  // namespace

void bind_objective(py::module_& module) {
    py::register_exception_translator([](std::exception_ptr error) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const NonFiniteError& e) {
            PyErr_SetString(PyExc_FloatingPointError, e.what());
        } catch (const Interrupted&) {
            // Where there is no result to keep, such as while the one of an interrupted run is evaluated.
            PyErr_SetNone(PyExc_KeyboardInterrupt);
        }
    });
    module.def("linear_scores", &linear_scores_of, py::arg("X"), py::arg("storage"), py::arg("coef"),
               py::arg("intercept"), py::arg("n_threads"));
    py::classh<AnyObjective>(module, "Objective");
    py::classh<Objective, AnyObjective> objective(module, "LinearObjective", py::is_final());
    objective
        .def(py::init(&make_linear), py::arg("X"), py::arg("storage"), py::arg("y"), py::arg("loss"),
             py::arg("loss_params"), py::arg("n_outputs"), py::arg("alpha"), py::arg("l1_ratio"),
             py::arg("fit_intercept"), py::arg("standardize"), py::arg("sample_weight").none(true),
             py::arg("offset").none(true), py::arg("intercept_slope"))
        .def("value_and_grad", &linear_value_and_grad, py::arg("w").noconvert(), py::arg("rows").noconvert().none(true),
             py::arg("grad").noconvert(), py::arg("n_threads"))
        .def("hvp", &hvp, py::arg("w").noconvert(), py::arg("v").noconvert(), py::arg("rows").noconvert().none(true),
             py::arg("product").noconvert(), py::arg("n_threads"))
        .def("plane", &plane, py::arg("w").noconvert(), py::arg("directions").noconvert(),
             py::arg("coordinates").noconvert(), py::arg("n_threads"))
        .def("duality_gap", &duality_gap, py::arg("w").noconvert(), py::arg("n_threads"))
        .def("row_moments", &row_moments)
        .def("max_square_norm", &max_square_norm)
        .def("raw_params", &raw_params, py::arg("w").noconvert())
        .def("feature_means", [](const Objective& self) { return as_array(self.core.feature_means()); })
        .def("feature_scales", [](const Objective& self) { return as_array(self.core.feature_scales()); });
    bind_evaluation(objective);
}

}  // namespace fastgd::bindings
