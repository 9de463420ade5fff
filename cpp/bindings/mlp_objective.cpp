#include "fastgd/mlp_objective.hpp"

#include <pybind11/stl.h>

#include "bindings/data_objective.hpp"
#include "fastgd/mlp_network.hpp"
#include "runtime/dispatch.hpp"

namespace fastgd::bindings {
namespace {

std::unique_ptr<MlpObjectiveOf> make_network(const Matrix& X, const std::string& storage, const py::array& y,
                                             const Loss& loss, const std::map<std::string, double>& loss_params,
                                             int n_outputs, const std::vector<std::int64_t>& hidden_layer_sizes,
                                             const std::string& activation, double alpha, double l1_ratio,
                                             double dropout, const std::optional<py::array>& sample_weight) {
    const MatrixView view = matrix_view(X, storage);
    MlpOptions options;
    options.hidden_layer_sizes = hidden_layer_sizes;
    options.activation = activation;
    set_loss(options, loss, loss_params);
    options.n_outputs = n_outputs;
    options.alpha = alpha;
    options.l1_ratio = l1_ratio;
    options.dropout = dropout;
    const Targets targets = check_targets(view, y, options, sample_weight);
    const py::gil_scoped_release released;
    MlpObjective core(view, targets.y, options, targets.weight);
    const py::gil_scoped_acquire held;
    return std::make_unique<MlpObjectiveOf>(X, y, sample_weight, std::nullopt, std::move(core));
}

double network_value_and_grad(const MlpObjectiveOf& self, const Floats& w, const std::optional<Ints>& rows,
                              Floats& grad, int n_threads, std::uint64_t dropout_seed, std::int64_t dropout_step) {
    const auto at = view(w);
    const auto chosen = view_rows(rows);
    const std::span<double> out(grad.mutable_data(), static_cast<std::size_t>(grad.size()));
    std::optional<MlpObjective::Step> step;
    if (dropout_step >= 0) step = {dropout_seed, dropout_step};
    const py::gil_scoped_release released;
    return self.core.value_and_grad(at, out, chosen, n_threads, check_signals, step);
}

Floats start_of_network(const std::vector<std::int64_t>& sizes, const std::string& activation, std::uint64_t seed,
                        const std::string& method) {
    std::vector<double> params;
    {
        const py::gil_scoped_release released;
        params = mlp_initial({sizes, activation}, seed, method, check_signals);
    }
    return to_array(params, {static_cast<py::ssize_t>(params.size())});
}

py::array scores(const Matrix& X, const std::string& storage, const std::vector<std::int64_t>& sizes,
                 const std::string& activation, const Floats& params, int n_threads) {
    const MatrixView rows = matrix_view(X, storage);
    require(sizes.size() >= 2 && sizes.back() >= 1, "sizes must end with the number of outputs");
    py::array out(computes_in_double(rows.storage) ? py::dtype::of<double>() : py::dtype::of<float>(),
                  std::vector<py::ssize_t>{rows.n_rows, sizes.back()});
    void* data = out.mutable_data();
    const auto flat = view(params);
    const py::gil_scoped_release released;
    mlp_scores(rows, {sizes, activation}, flat, data, n_threads, check_signals);
    return out;
}

py::array_t<bool> mask(std::uint64_t seed, std::int64_t step, std::int64_t layer, std::int64_t n_rows,
                       std::int64_t n_units, double dropout) {
    require(n_rows >= 0 && n_units >= 0, "n_rows and n_units must not be negative");
    if (n_units > 0 && n_rows > PY_SSIZE_T_MAX / n_units) throw std::bad_alloc();
    py::array_t<bool> out({n_rows, n_units});
    dropout_mask(dropout, seed, step, layer, n_rows, n_units,
                 {out.mutable_data(), static_cast<std::size_t>(n_rows * n_units)});
    return out;
}

py::dict activations() {
    const KernelTable& table = kernels();
    py::dict named;
    for (int i = 0; i < table.n_activations; ++i)
        named[table.activations[i].name] = py::dict(py::arg("he") = table.activations[i].start == Start::he);
    return named;
}

}  // namespace

void bind_mlp_objective(py::module_& module) {
    module.def("activations", &activations);
    module.def("mlp_initial", &start_of_network, py::arg("sizes"), py::arg("activation"), py::arg("seed"),
               py::arg("method"));
    module.def("mlp_scores", &scores, py::arg("X"), py::arg("storage"), py::arg("sizes"), py::arg("activation"),
               py::arg("params").noconvert(), py::arg("n_threads"));
    module.def("dropout_mask", &mask, py::arg("seed"), py::arg("step"), py::arg("layer"), py::arg("n_rows"),
               py::arg("n_units"), py::arg("dropout"));
    py::classh<MlpObjectiveOf, AnyObjective> objective(module, "MLPObjective", py::is_final());
    objective
        .def(py::init(&make_network), py::arg("X"), py::arg("storage"), py::arg("y"), py::arg("loss"),
             py::arg("loss_params"), py::arg("n_outputs"), py::arg("hidden_layer_sizes"), py::arg("activation"),
             py::arg("alpha"), py::arg("l1_ratio"), py::arg("dropout"), py::arg("sample_weight").none(true))
        .def("value_and_grad", &network_value_and_grad, py::arg("w").noconvert(),
             py::arg("rows").noconvert().none(true), py::arg("grad").noconvert(), py::arg("n_threads"),
             py::arg("dropout_seed"), py::arg("dropout_step"));
    bind_evaluation(objective);
}

}  // namespace fastgd::bindings
