#include "fastgd/density_objective.hpp"

#include <pybind11/stl.h>

#include "bindings/data_objective.hpp"

namespace fastgd::bindings {
namespace {

// The core's objective, and the array it reads from.
struct DensityObjectiveOf final : AnyObjective {
    Matrix Z;
    DensityObjective core;

    DensityObjectiveOf(Matrix of_Z, DensityObjective made) : Z(std::move(of_Z)), core(std::move(made)) {}
    const fastgd::Objective& get() const override { return core; }
};

using Standard = std::pair<Floats, Floats>;

std::vector<double> as_vector(const Floats& values) {
    const auto numbers = view(values);
    return {numbers.begin(), numbers.end()};
}

std::unique_ptr<DensityObjectiveOf> make_density(const Matrix& Z, const std::string& storage, int n_components,
                                                 bool diagonal, double reg_covar, bool standardize,
                                                 const std::optional<Standard>& standard) {
    const MatrixView rows = matrix_view(Z, storage);
    DensityOptions options{n_components, diagonal, reg_covar, standardize};
    if (standard) {
        options.feature_means = as_vector(standard->first);
        options.feature_scales = as_vector(standard->second);
    }
    const auto make_core = [&] {
        const py::gil_scoped_release released;
        return DensityObjective(rows, options, check_signals);
    };
    return std::make_unique<DensityObjectiveOf>(Z, make_core());
}

Floats density_values(const DensityObjectiveOf& self, const Floats& w, const std::optional<Ints>& rows, int n_threads) {
    require(w.ndim() == 2, "w must be (n_models, n_params)");
    Floats out(w.shape(0));
    const auto at = view(w);
    const auto chosen = view_rows(rows);
    const std::span<double> to(out.mutable_data(), static_cast<std::size_t>(out.size()));
    {
        const py::gil_scoped_release released;
        self.core.values(at, to, chosen, n_threads, check_signals);
    }
    return out;
}

double density_value_and_grad(const DensityObjectiveOf& self, const Floats& w, const std::optional<Ints>& rows,
                              Floats& grad, int n_threads) {
    const auto at = view(w);
    const auto chosen = view_rows(rows);
    const std::span<double> out(grad.mutable_data(), static_cast<std::size_t>(grad.size()));
    double value = 0.0;
    const py::gil_scoped_release released;
    self.core.values_and_grads(at, {&value, 1}, out, chosen, n_threads, check_signals);
    return value;
}

py::tuple score_samples(const DensityObjectiveOf& self, const Floats& w, const std::optional<Ints>& rows,
                        bool with_shares, int n_threads) {
    const auto at = view(w);
    const auto chosen = view_rows(rows);
    const py::ssize_t n_rows = chosen ? static_cast<py::ssize_t>(chosen->size()) : self.core.n_samples();
    const py::dtype dtype = self.core.computes_in_double() ? py::dtype::of<double>() : py::dtype::of<float>();
    py::array scores(dtype, std::vector<py::ssize_t>{n_rows});
    py::array shares(dtype, std::vector<py::ssize_t>{with_shares ? n_rows : 0, self.core.options().n_components});
    void* to_scores = scores.mutable_data();
    void* to_shares = with_shares ? shares.mutable_data() : nullptr;
    {
        const py::gil_scoped_release released;
        self.core.score_samples(at, to_scores, to_shares, chosen, n_threads, check_signals);
    }
    return py::make_tuple(scores, shares);
}

Floats start_of_density(const DensityObjectiveOf& self, std::uint64_t seed) {
    std::vector<double> params;
    {
        const py::gil_scoped_release released;
        params = self.core.initial(seed, 0, check_signals);
    }
    return as_array(params);
}

}  // namespace

void bind_density_objective(py::module_& module) {
    py::classh<DensityObjectiveOf, AnyObjective>(module, "DensityObjective", py::is_final())
        .def(py::init(&make_density), py::arg("Z"), py::arg("storage"), py::arg("n_components"), py::arg("diagonal"),
             py::arg("reg_covar"), py::arg("standardize"), py::arg("standard").none(true))
        .def("values", &density_values, py::arg("w").noconvert(), py::arg("rows").noconvert().none(true),
             py::arg("n_threads"))
        .def("value_and_grad", &density_value_and_grad, py::arg("w").noconvert(),
             py::arg("rows").noconvert().none(true), py::arg("grad").noconvert(), py::arg("n_threads"))
        .def("score_samples", &score_samples, py::arg("w").noconvert(), py::arg("rows").noconvert().none(true),
             py::arg("with_shares"), py::arg("n_threads"))
        .def("initial", &start_of_density, py::arg("seed"))
        .def("find_nonfinite", &find_nonfinite<DensityObjectiveOf>)
        .def("feature_means", [](const DensityObjectiveOf& self) { return as_array(self.core.feature_means()); })
        .def("feature_scales", [](const DensityObjectiveOf& self) { return as_array(self.core.feature_scales()); })
        .def_property_readonly("n_samples", [](const DensityObjectiveOf& self) { return self.core.n_samples(); })
        .def_property_readonly("n_features", [](const DensityObjectiveOf& self) { return self.core.n_features(); })
        .def_property_readonly("n_params", [](const DensityObjectiveOf& self) { return self.core.n_params(); });
}

}  // namespace fastgd::bindings
