#include "bindings/bindings.hpp"

PYBIND11_MODULE(_core, module, pybind11::mod_gil_not_used()) {
    module.doc() = "The compiled core. Its callers are the modules of this package, which check every argument first.";
    fastgd::bindings::bind_system(module);
    fastgd::bindings::bind_user_loss(module);
    fastgd::bindings::bind_matrix(module);
    fastgd::bindings::bind_objective(module);
    fastgd::bindings::bind_mlp_objective(module);
    fastgd::bindings::bind_density_objective(module);
    fastgd::bindings::bind_function_objective(module);
    fastgd::bindings::bind_descent(module);
    fastgd::bindings::bind_schedule(module);
    fastgd::bindings::bind_lbfgs(module);
    fastgd::bindings::bind_neighbors(module);
    fastgd::bindings::bind_online_learner(module);
}
