// The nearest rows of a matrix from C++: neighbours against a search by hand, polls, and what is refused.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "fastgd/fastgd.hpp"
#include "runtime_check.hpp"

namespace {

using namespace fastgd;

struct Table {
    std::int64_t n_rows;
    std::int64_t n_cols;
    std::vector<float> x;

    Table(std::int64_t rows, std::int64_t cols) : n_rows(rows), n_cols(cols) {
        std::mt19937 random(7);
        // Eighths: squares of distances are exact.
        for (std::int64_t i = 0; i < rows * cols; ++i) x.push_back(static_cast<float>(random() % 64) / 8.0F);
    }
    MatrixView view(std::int64_t first, std::int64_t count) const {
        return {x.data() + first * n_cols, count, n_cols, n_cols * 4, Storage::f32};
    }
    double distance(std::int64_t a, std::int64_t b) const {
        double square = 0.0;
        for (std::int64_t j = 0; j < n_cols; ++j) {
            const double d = static_cast<double>(x[static_cast<std::size_t>(a * n_cols + j)]) -
                             static_cast<double>(x[static_cast<std::size_t>(b * n_cols + j)]);
            square += d * d;
        }
        return std::sqrt(square);
    }
};

void test_neighbours() {
    constexpr std::int64_t k = 4;
    const Table table(500, 9);
    const NearestRows nearest(table.view(0, 400));
    CHECK(nearest.n_rows() == 400);
    for (const int n_threads : {1, 2, 5}) {
        std::vector<double> distances(100 * k);
        std::vector<std::int64_t> indices(100 * k);
        nearest.query(table.view(400, 100), k, false, distances.data(), indices.data(), n_threads);
        bool all = true;
        for (std::int64_t q = 0; q < 100; ++q) {
            std::vector<std::pair<double, std::int64_t>> expected;
            for (std::int64_t i = 0; i < 400; ++i) expected.emplace_back(table.distance(i, 400 + q), i);
            std::sort(expected.begin(), expected.end());
            for (std::int64_t i = 0; i < k; ++i) {
                const auto at = static_cast<std::size_t>(q * k + i);
                const auto& [distance, row] = expected[static_cast<std::size_t>(i)];
                all = all && distances[at] == distance && indices[at] == row;
            }
        }
        CHECK(all);
    }
}

// Work that lasts looks at Ctrl-C, and ends where that throws.
void test_polls() {
    constexpr std::int64_t n_rows = 20000;
    const Table table(n_rows, 200);
    const NearestRows nearest(table.view(0, n_rows), 1);
    std::vector<double> distances(n_rows);
    std::vector<std::int64_t> indices(n_rows);
    for (const int n_threads : {1, 2}) {
        int n_polls = 0;
        // As many queries as take this machine ten times as long as threads work without a look.
        for (std::int64_t n = 16; n <= n_rows; n *= 2) {
            n_polls = 0;
            const auto begin = std::chrono::steady_clock::now();
            nearest.query(table.view(0, n), 1, false, distances.data(), indices.data(), n_threads, [&] { ++n_polls; });
            if (std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(400)) break;
        }
        CHECK(n_polls > 1);
        n_polls = 0;
        const auto stop = [&] {
            ++n_polls;
            throw Interrupted();
        };
        const auto query = [&] {
            nearest.query(table.view(0, 100), 1, false, distances.data(), indices.data(), n_threads, stop);
        };
        CHECK(has(message_of<Interrupted>(query), "interrupted") && n_polls == 1);
    }
}

void test_refusals() {
    Table table(50, 3);
    const NearestRows nearest(table.view(0, 40));
    std::vector<double> distances(40 * 41);
    std::vector<std::int64_t> indices(40 * 41);
    const auto query = [&](const MatrixView& Z, std::int64_t k, bool without_self) {
        nearest.query(Z, k, without_self, distances.data(), indices.data(), 2);
    };
    using Invalid = std::invalid_argument;
    CHECK(has(message_of<Invalid>([&] { query(table.view(40, 10), 0, false); }), "k must be from 1 to 40, got 0"));
    CHECK(has(message_of<Invalid>([&] { query(table.view(40, 10), 41, false); }), "k must be from 1 to 40, got 41"));
    CHECK(has(message_of<Invalid>([&] { query(table.view(0, 40), 40, true); }), "k must be from 1 to 39, got 40"));
    MatrixView narrow = table.view(40, 10);
    narrow.n_cols = 2;
    CHECK(has(message_of<Invalid>([&] { query(narrow, 1, false); }), "Z must have 3 columns, got 2"));
    CHECK(has(message_of<Invalid>([&] { NearestRows(table.view(0, 0)); }), "at least one row"));
    query(table.view(40, 0), 1, false);
    table.x.back() = std::numeric_limits<float>::quiet_NaN();
    CHECK(has(message_of<NonFiniteError>([&] { query(table.view(40, 10), 1, false); }), "not finite"));
    CHECK(has(message_of<NonFiniteError>([&] { NearestRows(table.view(10, 40)); }), "not finite"));
}

}  // namespace

int main() {
    test_neighbours();
    test_polls();
    test_refusals();
    return n_failed == 0 ? 0 : 1;
}
