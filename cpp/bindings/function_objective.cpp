#include "fastgd/function_objective.hpp"

#include <pybind11/stl.h>

#include "bindings/convert.hpp"

namespace fastgd::bindings {
namespace {

// A Python function of parameters (n_models, n_params) and of rows, or None for all, that returns values (n_models) and
// gradients (n_models, n_params).
class PythonFunction final : public AnyObjective {
public:
    PythonFunction(py::function function, std::int64_t n_params, std::int64_t n_samples)
        : function_(std::move(function)),
          core_(n_params, n_samples,
                [this](auto params, auto rows, auto value, auto grad) { evaluate(params, rows, value, grad); }) {}

    const fastgd::Objective& get() const override { return core_; }

private:
    void evaluate(std::span<const double> params, std::optional<std::span<const std::int64_t>> rows,
                  std::span<double> value, std::span<double> grad) const {
        const HeldGil held;
        const auto n_models = static_cast<py::ssize_t>(value.size());
        const auto n_params = static_cast<py::ssize_t>(params.size()) / n_models;
        // Copies: the function may keep or change what it is given.
        py::array_t<double> at({n_models, n_params});
        std::copy(params.begin(), params.end(), at.mutable_data());
        py::object chosen = py::none();
        if (rows) {
            Ints copy(static_cast<py::ssize_t>(rows->size()));
            std::copy(rows->begin(), rows->end(), copy.mutable_data());
            chosen = std::move(copy);
        }
        const auto [values, grads] =
            unless_interrupted([&] { return function_(at, chosen).cast<std::pair<Floats, Floats>>(); });
        require(values.size() == n_models && grads.size() == n_models * n_params,
                "the function must return a value and a gradient for each model");
        std::copy_n(values.data(), values.size(), value.begin());
        std::copy_n(grads.data(), grads.size(), grad.begin());
    }

    py::function function_;
    FunctionObjective core_;
};

}  // namespace

void bind_function_objective(py::module_& module) {
    py::classh<PythonFunction, AnyObjective>(module, "FunctionObjective", py::is_final())
        .def(py::init<py::function, std::int64_t, std::int64_t>(), py::arg("function"), py::arg("n_params"),
             py::arg("n_samples"));
}

}  // namespace fastgd::bindings
