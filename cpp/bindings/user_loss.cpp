#include "fastgd/user_loss.hpp"

#include "bindings/convert.hpp"
#include "fastgd/user_loss.h"

namespace fastgd::bindings {
namespace {

// A Python function of targets (n_rows, 1 or n_outputs) and scores (n_rows, n_outputs) that returns losses (n_rows) and
// derivatives (n_rows, n_outputs).
class PythonLoss {
public:
    PythonLoss(py::function function, bool class_targets)
        : function_(std::move(function)), class_targets_(class_targets) {}

    void operator()(const double* y, const double* raw, std::int64_t n_rows, std::int64_t n_outputs, double* loss,
                    double* dloss) const {
        const HeldGil held;
        // Copies: the function may keep or change what it is given.
        const auto copy = [&](const double* from, py::ssize_t n_columns) {
            py::array_t<double> array({static_cast<py::ssize_t>(n_rows), n_columns});
            std::copy_n(from, array.size(), array.mutable_data());
            return array;
        };
        const auto targets = copy(y, class_targets_ ? 1 : n_outputs);
        const auto scores = copy(raw, n_outputs);
        const auto [losses, slopes] =
            unless_interrupted([&] { return function_(targets, scores).cast<std::pair<Floats, Floats>>(); });
        require(losses.size() == n_rows && slopes.size() == n_rows * n_outputs,
                "loss must return a loss for each row and a derivative for each score");
        std::copy_n(losses.data(), losses.size(), loss);
        std::copy_n(slopes.data(), slopes.size(), dloss);
    }

private:
    py::function function_;
    bool class_targets_;
};

std::shared_ptr<UserLoss> of_function(const py::function& function, bool class_targets) {
    auto loss = std::make_shared<UserLoss>();
    loss->function = PythonLoss(function, class_targets);
    loss->class_targets = class_targets;
    loss->on_calling_thread = true;
    return loss;
}

std::shared_ptr<UserLoss> of_address(std::uintptr_t address, bool class_targets) {
    require(address != 0, "address must not be null");
    auto loss = std::make_shared<UserLoss>();
    loss->function = reinterpret_cast<fastgd_user_loss>(address);
    loss->class_targets = class_targets;
    return loss;
}

}  // namespace

void bind_user_loss(py::module_& module) {
    py::classh<UserLoss>(module, "UserLoss", py::is_final())
        .def_static("of_function", &of_function, py::arg("function"), py::arg("class_targets"))
        .def_static("of_address", &of_address, py::arg("address"), py::arg("class_targets"));
}

}  // namespace fastgd::bindings
