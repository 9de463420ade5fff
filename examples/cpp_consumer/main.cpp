// Fits y = 3 a - 2 b + 1 by full-batch gradient descent, from an installed fastgd.

#include <cmath>
#include <cstdio>
#include <fastgd/fastgd.hpp>
#include <vector>

int main() {
    constexpr int n_rows = 400;
    std::vector<float> x(2 * n_rows), y(n_rows);
    for (int i = 0; i < n_rows; ++i) {
        x[2 * i] = static_cast<float>(i % 20) / 10 - 1;
        x[2 * i + 1] = static_cast<float>(i / 20) / 10 - 1;
        y[i] = 3 * x[2 * i] - 2 * x[2 * i + 1] + 1;
    }
    const fastgd::MatrixView view{x.data(), n_rows, 2, 2 * sizeof(float), fastgd::Storage::f32};
    const fastgd::LinearObjective objective(view, y.data(), {.loss = "squared_error"});
    const std::vector<double> start(static_cast<std::size_t>(objective.n_params()));
    const auto result =
        fastgd::minimize(objective, start, {.schedule = {"constant", {{"lr", {0.5}}}}, .max_epochs = 500});
    std::printf("%.4f a %+.4f b %+.4f, loss %.1e\n", result.x[0], result.x[1], result.x[2], result.fun[0]);
    return std::abs(result.x[0] - 3) < 1e-3 && std::abs(result.x[1] + 2) < 1e-3 ? 0 : 1;
}
