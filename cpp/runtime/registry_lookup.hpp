#pragma once

#include <stdexcept>
#include <string>

#include "kernels/kernel_table.hpp"

namespace fastgd {

// Where a named row stands in a registry; what is registered is in the error.
template <class Info>
int registry_index(const Info* rows, int n, const std::string& name, const std::string& what) {
    std::string known;
    for (int i = 0; i < n; ++i) {
        if (name == rows[i].name) return i;
        known += std::string(i > 0 ? ", " : "") + rows[i].name;
    }
    throw std::invalid_argument(what + " must be one of " + known + "; got '" + name + "'");
}

inline int loss_index(const KernelTable& table, const std::string& name) {
    return registry_index(table.losses, table.n_losses, name, "loss");
}

inline int optimizer_index(const KernelTable& table, const std::string& name) {
    return registry_index(table.optimizers, table.n_optimizers, name, "optimizer");
}

inline int activation_index(const KernelTable& table, const std::string& name) {
    return registry_index(table.activations, table.n_activations, name, "activation");
}

}  // namespace fastgd
